import { describeDraft, draftInWords, draftRoot, encodeDraft, type RootDraft } from '@opsflux/registry-repository'
import { writeFileAtomic } from '@opsflux/registry-client'
import type { Command, Outcome } from '../../command.ts'
import { daysOption, homeOption, jsonOf, numberOf, readHeldKeys, readKeyNames, repositoryOf } from './shared.ts'

export const draft: Command = {
  summary: 'makes the next root, with other holders, another threshold or only a later date; its holders sign it',
  options: {
    home: homeOption,
    'add-key': { value: '<file>', help: 'public key of a new holder, named after the holder', multiple: true },
    'remove-key': { value: '<key>', help: 'a holder that is no longer one: name, key id or public key file', multiple: true },
    threshold: { value: '<number>', help: 'how many holders must sign a root (default: as before)' },
    days: daysOption,
    out: { value: '<file>', help: 'a copy of the draft, to carry to the holders' },
  },
  async run(_argument, values, given) {
    const repository = await repositoryOf(values, given)
    const [days, threshold] = [numberOf(values, 'days'), numberOf(values, 'threshold')]
    const made = await draftRoot(repository, {
      addKeys: await readHeldKeys(given.all('add-key')), removeKeys: await readKeyNames(given.all('remove-key')),
      ...(days === undefined ? {} : { days }), ...(threshold === undefined ? {} : { threshold }),
    })
    return draftOutcome(made, repository.store.draftPath, values.out)
  },
}

/** What commands that make a draft answer; `copy` is written where it was asked for. */
export async function draftOutcome(made: RootDraft, path: string, copy: string | undefined): Promise<Outcome> {
  if (copy !== undefined) await writeFileAtomic(copy, encodeDraft(made))
  return { result: { draft: copy ?? path, ...jsonOf(describeDraft(made)) }, lines: [...draftInWords(made), '', `Have it signed: ${copy ?? path}`] }
}
