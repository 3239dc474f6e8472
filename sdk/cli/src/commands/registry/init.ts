import { draftFirstRoot, describeDraft, draftInWords } from '@opsflux/registry-repository'
import type { Command } from '../../command.ts'
import { daysOption, homeOption, jsonOf, numberOf, readHeldKeys, readPublicKey, repositoryOf } from './shared.ts'

const defaultThreshold = 2

export const init: Command = {
  summary: 'makes the online keys of a registry and a first root, which its holders sign',
  options: {
    home: homeOption,
    'root-key': { value: '<file>', help: 'public key of a holder, named after the holder', required: true, multiple: true },
    threshold: { value: '<number>', help: `how many holders must sign a root (default: ${defaultThreshold})` },
    'targets-public-key': { value: '<file>', help: 'public key of targets, when the private one is kept elsewhere' },
    days: daysOption,
  },
  async run(_argument, values, given) {
    const [repository, days, targets] = [await repositoryOf(values, given), numberOf(values, 'days'), values['targets-public-key']]
    const draft = await draftFirstRoot(repository, {
      rootKeys: await readHeldKeys(given.all('root-key')), threshold: numberOf(values, 'threshold') ?? defaultThreshold,
      ...(days === undefined ? {} : { days }), ...(targets === undefined ? {} : { targetsKey: await readPublicKey(targets) }),
    })
    const path = repository.store.draftPath
    return { result: { draft: path, ...jsonOf(describeDraft(draft)) }, lines: [...draftInWords(draft), '', `Have it signed: ${path}`] }
  },
}
