import { keyIdOf } from '@opsflux/registry-metadata'
import { addPublisher, changePublisher, registryStatus, removePublisher, short, type Publisher } from '@opsflux/registry-repository'
import { OpsFluxError } from '@opsflux/sdk'
import { passphraseOption, valueOf, type Command, type Given, type Option, type Outcome, type Values } from '../../command.ts'
import { homeOption, jsonOf, readKeyNames, readPublicKey, repositoryOf, targetsKeyOption } from './shared.ts'
import { publishersInWords } from './status.ts'

const nameOption: Option = { value: '<publisher>', help: 'lower-case words joined by hyphens', required: true }
const changing = { home: homeOption, name: nameOption, 'targets-key': targetsKeyOption, 'passphrase-file': passphraseOption }

export const add: Command = {
  summary: 'lets a new publisher publish the ids that begin with its prefixes',
  options: {
    ...changing,
    prefix: { value: '<prefix>', help: 'of its ids, such as hse-', required: true, multiple: true },
    key: { value: '<file>', help: 'public key it signs with', required: true, multiple: true },
  },
  async run(_argument, values, given) {
    const { store, now } = await repositoryOf(values, given)
    const [name, prefixes, publicKeyPem] = [valueOf(values, 'name'), given.all('prefix'), await publicKeys(given.all('key'))]
    const { changed } = await addPublisher(store.home, { name, prefixes, publicKeyPem }, now, { broughtKeys: store.broughtKeys, onlyNew: true })
    return { result: { name, prefixes: [...prefixes], keyids: publicKeyPem.map(keyIdOf), changed }, lines: [changed ? `${name} may publish now.` : `${name} is known already, with the same prefixes and keys.`] }
  },
}

export const keys: Command = {
  summary: 'adds and removes keys of a publisher; what was signed with a removed key alone is not offered any more',
  options: {
    ...changing,
    add: { value: '<file>', help: 'public key it may sign with from now on', multiple: true },
    remove: { value: '<key>', help: 'key it may not sign with any more: key id or public key file', multiple: true },
  },
  run: async (_argument, values, given) => change(values, given, { addKeys: await publicKeys(given.all('add')), removeKeys: await readKeyNames(given.all('remove')) }),
}

export const prefixes: Command = {
  summary: 'adds and removes prefixes of the ids that a publisher owns',
  options: {
    ...changing,
    add: { value: '<prefix>', help: 'of ids it owns from now on, such as hse-', multiple: true },
    remove: { value: '<prefix>', help: 'of ids it does not own any more', multiple: true },
  },
  run: (_argument, values, given) => change(values, given, { addPrefixes: given.all('add'), removePrefixes: given.all('remove') }),
}

export const remove: Command = {
  summary: 'takes a publisher’s ids away: its releases are not offered any more',
  options: changing,
  async run(_argument, values, given) {
    const name = valueOf(values, 'name')
    await removePublisher(await repositoryOf(values, given), name)
    return { result: { name }, lines: [`Nothing of ${name} is offered any more. What hosts have installed goes on running; releases that must not are to be revoked first.`] }
  },
}

export const list: Command = {
  summary: 'tells who may publish what, with which keys, and what was published last',
  options: { home: homeOption },
  async run(_argument, values, given) {
    const { publishers } = await registryStatus(await repositoryOf(values, given))
    return { result: { publishers: publishers.map(jsonOf) }, lines: publishers.length === 0 ? ['Nobody may publish yet.'] : publishersInWords(publishers) }
  },
}

async function change(values: Values, given: Given, asked: Parameters<typeof changePublisher>[2]): Promise<Outcome> {
  if (Object.values(asked).every((parts) => parts.length === 0)) throw new OpsFluxError('invalid-request', 'Nothing is to be changed. Give --add or --remove.')
  const publisher = await changePublisher(await repositoryOf(values, given), valueOf(values, 'name'), asked)
  return { result: { name: publisher.name, prefixes: publisher.prefixes, keyids: publisher.keys.map(({ keyid }) => keyid) }, lines: inWords(publisher) }
}

function inWords({ name, prefixes: owned, keys: trusted }: Publisher): string[] {
  return [`${name} owns ${owned.map((prefix) => `${prefix}…`).join(' ')} and signs with ${trusted.map(({ keyid }) => short(keyid)).join(', ')}.`]
}

function publicKeys(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map(readPublicKey))
}
