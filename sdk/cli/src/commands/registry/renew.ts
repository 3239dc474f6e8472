import { renew } from '@opsflux/registry-repository'
import { passphraseOption, type Command } from '../../command.ts'
import { homeOption, repositoryOf, targetsKeyOption } from './shared.ts'

export const renewal: Command = {
  summary: 'signs anew what has less than half of its life left; the server does so by itself where it has the key',
  options: { home: homeOption, 'targets-key': targetsKeyOption, 'passphrase-file': passphraseOption },
  async run(_argument, values, given) {
    const { renewed, waiting } = await renew(await repositoryOf(values, given))
    return {
      result: { renewed, waiting },
      lines: [
        renewed.length === 0 ? 'Nothing was signed anew.' : `Signed anew: ${renewed.join(', ')}.`,
        ...waiting.map((role) => (role === 'root' ? 'The root waits for its holders: draft the next one with `opsflux registry root draft`.' : `${role} waits for its key: give it with --targets-key.`)),
      ],
    }
  },
}
