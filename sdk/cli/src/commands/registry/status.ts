import { registryStatus, short, type PublisherStatus, type RoleStatus } from '@opsflux/registry-repository'
import type { Command } from '../../command.ts'
import { homeOption, jsonOf, repositoryOf } from './shared.ts'

export const status: Command = {
  summary: 'tells what the registry is made of, until when it holds, who signs what, and what is to be done',
  options: { home: homeOption },
  async run(_argument, values, given) {
    const found = await registryStatus(await repositoryOf(values, given))
    return {
      result: jsonOf(found),
      lines: [
        ...(found.isReady ? found.roles.flatMap(roleInWords) : ['The registry has not begun: its first root waits for signatures.']),
        ...found.waitingKeys.map((role) => `A new ${role} key waits for a root that trusts it.`),
        ...publishersInWords(found.publishers),
        '', ...(found.due.length === 0 ? ['Nothing is to be done.'] : found.due.map((line) => `! ${line}`)),
      ],
    }
  },
}

/** Every publisher, with its ids, keys and what it signed last. */
export function publishersInWords(publishers: readonly PublisherStatus[]): string[] {
  return publishers.flatMap(({ name, prefixes, keyids, version, expires, releases, isOffered }) => [
    `publisher ${name}: ids ${prefixes.map((prefix) => `${prefix}…`).join(' ')}, keys ${keyids.map(short).join(' ')}`,
    `  ${version === undefined ? 'has published nothing' : `version ${version}, until ${expires}, ${releases} releases in its first role${isOffered ? '' : ', NOT OFFERED'}`}`,
  ])
}

function roleInWords({ role, version, expires, keys, threshold, keysHere, isDue }: RoleStatus): string[] {
  const here = role === 'root' ? `${threshold} of ${keys.length} keys sign, ${keysHere} of them here` : keysHere > 0 ? 'key here' : 'key elsewhere'
  return [`${role.padEnd(10)} version ${version}, until ${expires}, ${here}${isDue ? '  DUE' : ''}`, ...keys.map(({ keyid, name }) => `             ${short(keyid)}${name === undefined ? '' : `  ${name}`}`)]
}
