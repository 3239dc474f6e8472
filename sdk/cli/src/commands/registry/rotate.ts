import { onlineRoles, rotateKey } from '@opsflux/registry-repository'
import { OpsFluxError } from '@opsflux/sdk'
import type { Command } from '../../command.ts'
import { draftOutcome } from './root-draft.ts'
import { homeOption, readPublicKey, repositoryOf } from './shared.ts'

export const rotate: Command = {
  summary: 'makes a new key for timestamp, snapshot or targets, and the draft of the root that trusts it',
  argument: '<role>',
  options: {
    home: homeOption,
    anew: { help: 'throw away a new key that waits already, and make another' },
    'targets-public-key': { value: '<file>', help: 'public key of targets, when the private one is kept elsewhere' },
    out: { value: '<file>', help: 'a copy of the draft, to carry to the holders' },
  },
  async run(text, values, given) {
    const role = onlineRoles.find((one) => one === text)
    if (!role) throw new OpsFluxError('invalid-request', `There is no key of "${text.slice(0, 40)}" to rotate. Choose ${onlineRoles.join(', ')}; root keys change with \`opsflux registry root draft\`.`)
    const kept = values['targets-public-key']
    if (kept !== undefined && role !== 'targets') throw new OpsFluxError('invalid-request', `The registry signs ${role} by itself every few days, so its key is made here. Leave out --targets-public-key.`)
    const repository = await repositoryOf(values, given)
    const made = await rotateKey(repository, role, { anew: given.has('anew'), ...(kept === undefined ? {} : { publicKey: await readPublicKey(kept) }) })
    return draftOutcome(made, repository.store.draftPath, values.out)
  },
}
