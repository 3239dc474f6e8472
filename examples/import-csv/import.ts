#!/usr/bin/env node
import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { importCsv, type ImportReport } from './src/import-csv.ts'
import { readMapping } from './src/mapping.ts'

const usage = `node import.ts --url http://localhost:3000 --email you@example.org --password-file password.txt
  --plugin hse-reports --entity incident --mapping ihm-accidents.mapping.json [--skip 100] [--continue] file.csv

  --skip n     do not send the first n rows: an earlier run has sent them
  --continue   go on after rows that fail; without it the first one ends the run`

/** Exit codes: 0 all rows are in, 1 some are not, 2 wrong arguments. */
async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string' }, email: { type: 'string' }, 'password-file': { type: 'string' }, plugin: { type: 'string' }, entity: { type: 'string' },
      mapping: { type: 'string' }, skip: { type: 'string', default: '0' }, continue: { type: 'boolean', default: false },
    },
  })
  const { url, email, 'password-file': passwordFile, plugin, entity, mapping, skip } = values
  const [file] = positionals
  if (!url || !email || !passwordFile || !plugin || !entity || !mapping || !file || !/^\d+$/u.test(skip)) {
    console.error(usage)
    return 2
  }
  const report = await importCsv({
    url, email, plugin, entity,
    password: (await readFile(passwordFile, 'utf8')).trim(),
    csv: await readFile(file, 'utf8'),
    mapping: readMapping(JSON.parse(await readFile(mapping, 'utf8'))),
    skip: Number(skip),
    onError: values.continue ? 'continue' : 'stop',
    onProgress: showProgress,
  })
  show(report)
  return report.failed.length === 0 ? 0 : 1
}

function showProgress(done: number, total: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total}${done === total ? '\n' : ''}`)
}

function show({ rows, skipped, created, failed, reached }: ImportReport): void {
  for (const { row, reason } of failed) console.error(`row ${row}: ${reason}`)
  console.log(`${rows} rows: ${created} created, ${failed.length} failed, ${skipped} skipped`)
  if (reached < rows && created > 0) console.log(`To go on after the rows sent so far: --skip ${reached}`)
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 2
}
