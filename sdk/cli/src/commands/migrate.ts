import { OpsFluxError, type Json } from '@opsflux/sdk'
import type { Rename } from '@opsflux/migrations/generate'
import type { Command, Given, Outcome } from '../command.ts'
import type { Migrated } from '../migrate/migrate.ts'

export const migrate: Command = {
  summary: 'writes the migration from the last release to the entities of now, or checks that there is nothing to write',
  argument: '<folder>',
  options: {
    name: { value: '<words>', help: 'name of the migration, such as add-due-date (default: after what changes)' },
    rename: { value: '<entity.field=name>', help: 'what a field (or with <entity=name> an entity) is called now', multiple: true },
    drop: { value: '<entity.field>', help: 'a field or an entity that is gone for good; its data is put aside for one release', multiple: true },
    backfill: { value: '<entity.field=sql>', help: 'SQL expression that gives records which exist their value', multiple: true },
    from: { value: '<file>', help: 'package or plugin.json of the last release (default: migrations/schema.json)' },
    database: { value: '<url>', help: 'PostgreSQL whose role may create databases, to try the migration on (default: DATABASE_URL, else an embedded one)' },
    check: { help: 'writes nothing; fails when the entities and migrations/schema.json disagree' },
    yes: { help: 'does not ask before it writes' },
  },
  async run(folder, values, given) {
    if (given.has('check')) return check(folder)
    // What it takes, PostgreSQL's binaries first of all, costs the other commands nothing.
    const [{ migrate: run }, { confirmOnTerminal, terminalAsk }] = await Promise.all([import('../migrate/migrate.ts'), import('../migrate/terminal.ts')])
    const database = values.database ?? process.env['OPSFLUX_DATABASE_URL'] ?? process.env['DATABASE_URL']
    const ask = terminalAsk()
    const { name, from } = values
    return outcomeOf(await run({
      folder, ask, answers: { renames: given.all('rename').map(renameOf), drops: new Set(given.all('drop')) }, backfills: backfillsOf(given),
      ...(name === undefined ? {} : { name }), ...(from === undefined ? {} : { from }), ...(database === undefined ? {} : { database }), ...(ask && !given.has('yes') ? { confirm: confirmOnTerminal } : {}),
    }))
  },
}

async function check(folder: string): Promise<Outcome> {
  const [{ readSources }, { checkReport }] = await Promise.all([import('../build/sources.ts'), import('../migrate/check-report.ts')])
  const { entities, version } = await readSources(folder)
  const differences = await checkReport(folder, entities, { isNeeded: true })
  if (differences.length > 0) throw new OpsFluxError('validation-failed', `The entities and migrations/schema.json disagree:\n${differences.map((line) => `  ${line}`).join('\n')}\nRun \`opsflux migrate\`.`, { data: { differences } })
  return { result: { differences: [], version }, lines: ['The entities and migrations/schema.json agree.'] }
}

/** `incident.site=location` or `incident=event`. @throws invalid-request */
function renameOf(text: string): Rename {
  const [, entity, field, to] = /^([a-z]\w*)(?:\.([a-z]\w*))?=([a-z]\w*)$/i.exec(text) ?? []
  if (entity === undefined || to === undefined) throw new OpsFluxError('invalid-request', `--rename ${text} cannot be read. Write it as incident.site=location, or as incident=event for an entity.`)
  return { entity, to, ...(field === undefined ? {} : { field }) }
}

function backfillsOf(given: Given): Map<string, string> {
  return new Map(given.all('backfill').map((text) => {
    const [, field, sql] = /^([a-z]\w*\.[a-z]\w*)=(.+)$/is.exec(text) ?? []
    if (field === undefined || sql === undefined) throw new OpsFluxError('invalid-request', `--backfill ${text} cannot be read. Write it as incident.riskLevel="case when severity = 'I' then 'low' else 'high' end".`)
    return [field, sql]
  }))
}

function outcomeOf({ migration, written, measured, toCheck }: Migrated): Outcome {
  const result: Json = { migration: migration ?? null, written, toCheck, ...(measured === undefined ? {} : { wayBack: { ...measured.wayBack }, rows: measured.rows, drift: measured.drift, failure: measured.failure ?? null, unmeasured: measured.empty }) }
  if (measured === undefined) return { result, lines: ['Nothing to migrate: the tables are what the entities declare.', ...written.map((path) => `wrote ${path}`)] }
  const { wayBack, rows, drift, empty, newRecords, failure } = measured
  return {
    result,
    lines: [
      ...(written.length === 0 ? ['Nothing was written.'] : written.map((path) => `wrote ${path}`)),
      ...(failure === undefined ? [] : [`warning: the migration fails on generated rows: ${failure}`]),
      ...(failure !== undefined ? ['way back: not measured'] : [`way back: ${wayBack.kind}${wayBack.lost.length === 0 ? '' : ` (${wayBack.lost.join(', ')})`}, measured on ${rows} generated rows`]),
      ...empty.map((table) => `warning: no row could be generated for ${table}; its way back is not measured`),
      ...(newRecords === undefined ? [] : [`warning: the way back fails${wayBack.kind === 'one-way' ? '' : ' once records were written by the new release'}: ${newRecords}`]),
      ...drift.map((statement) => `warning: not yet what the entities declare: ${statement}`),
      ...(toCheck === 0 ? [] : [`review: ${toCheck} ${toCheck === 1 ? 'value is' : 'values are'} marked CHECK THIS`]),
    ],
  }
}
