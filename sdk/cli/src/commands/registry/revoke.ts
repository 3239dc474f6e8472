import { revoke } from '@opsflux/registry-repository'
import { OpsFluxError } from '@opsflux/sdk'
import { passphraseOption, valueOf, type Command } from '../../command.ts'
import { homeOption, repositoryOf, targetsKeyOption } from './shared.ts'

export const revokeRelease: Command = {
  summary: 'revokes a release of any publisher, for good: hosts disable it within the hour and keep its data',
  argument: '<id> <version>',
  options: {
    home: homeOption,
    reason: { value: '<text>', help: 'what is wrong with it and what to take instead, for people', required: true },
    'targets-key': targetsKeyOption, 'passphrase-file': passphraseOption,
  },
  async run(id, values, given) {
    const [, version = ''] = given.arguments
    const reason = valueOf(values, 'reason').trim()
    if (reason === '') throw new OpsFluxError('invalid-request', 'The reason is empty. Say what is wrong with the release and what to take instead.')
    const { store, now } = await repositoryOf(values, given)
    const { changed } = await revoke(store.home, { id, version, reason }, now, { broughtKeys: store.broughtKeys })
    return { result: { id, version, changed }, lines: [changed ? `${id} ${version} is revoked. Hosts disable it at their next refresh, within the hour.` : `${id} ${version} was revoked before.`] }
  },
}
