import { revokeRelease } from '@opsflux/registry-client'
import { valueOf, type Command } from '../command.ts'
import { publisherOptions, signingOptions } from './publisher-options.ts'

export const revoke: Command = {
  summary: 'revokes a release of your own, for good: hosts disable it and keep its data',
  argument: '<id> <version>',
  options: { ...publisherOptions, reason: { value: '<text>', help: 'what is wrong with it and what to take instead, for people', required: true } },
  async run(id, values, given) {
    const [, version = ''] = given.arguments
    const { revoked } = await revokeRelease({ ...await signingOptions(values, given, valueOf(values, 'publisher')), id, version, reason: valueOf(values, 'reason') })
    return { result: { id, version, revoked }, lines: [revoked ? `${id} ${version} is revoked. Hosts disable it at their next refresh, within the hour.` : `${id} ${version} was revoked before.`] }
  },
}
