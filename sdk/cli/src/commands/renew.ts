import { signReleasesAgain } from '@opsflux/registry-client'
import { valueOf, type Command } from '../command.ts'
import { publisherOptions, signingOptions } from './publisher-options.ts'

export const renew: Command = {
  summary: 'signs a publisher’s list of releases anew: to prolong it by a year, or after a change of key',
  options: publisherOptions,
  async run(_argument, values, given) {
    const publisher = valueOf(values, 'publisher')
    await signReleasesAgain(await signingOptions(values, given, publisher))
    return { result: { publisher }, lines: [`The list of releases of ${publisher} is signed anew and holds for a year.`] }
  },
}
