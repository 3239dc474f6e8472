import { readFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { isOpsFluxError, OpsFluxError } from '@opsflux/sdk'
import { addPublisher } from './add-publisher.ts'
import { initialiseRepository } from './initialise.ts'

const usage = `Usage:
  admin.ts init --home <folder>
  admin.ts add-publisher --home <folder> --name <publisher> --prefix <id-prefix> [--prefix …] --key <public.pem> [--key …]
`

try {
  process.stdout.write(`${await run(process.argv.slice(2))}\n`)
} catch (error) {
  if (!isOpsFluxError(error) && !isUsageError(error)) throw error
  process.stderr.write(`${error.message}\n${usage}`)
  process.exitCode = 1
}

async function run(args: string[]): Promise<string> {
  const { positionals: [command], values } = parseArgs({
    args, allowPositionals: true,
    options: { home: { type: 'string' }, name: { type: 'string' }, prefix: { type: 'string', multiple: true }, key: { type: 'string', multiple: true } },
  })
  const home = needed(values.home, 'home')
  if (command === 'init') {
    const { created, rootPath } = await initialiseRepository(home)
    return created ? `Made the repository. Give ${rootPath} to every host to pin.` : 'The repository is there already.'
  }
  if (command !== 'add-publisher') throw new OpsFluxError('invalid-request', `There is no command "${command ?? ''}".`)
  const name = needed(values.name, 'name')
  const publicKeyPem = await Promise.all((values.key ?? []).map(readKey))
  const { changed } = await addPublisher(home, { name, prefixes: values.prefix ?? [], publicKeyPem })
  return changed ? `${name} may publish now.` : `${name} is known already, with the same prefixes and keys.`
}

function needed(value: string | undefined, option: string): string {
  if (!value) throw new OpsFluxError('invalid-request', `The option --${option} is missing.`)
  return value
}

async function readKey(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `The key "${path}" cannot be read. Give the public PEM file that \`opsflux keygen\` wrote.`, { cause })
  })
}

function isUsageError(error: unknown): error is Error {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')
}
