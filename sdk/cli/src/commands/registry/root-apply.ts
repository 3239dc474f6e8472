import { applyRoot, type Applied } from '@opsflux/registry-repository'
import { passphraseOption, type Command } from '../../command.ts'
import { homeOption, jsonOf, readDraftFile, repositoryOf, targetsKeyOption } from './shared.ts'

export const apply: Command = {
  summary: 'brings a root into force that enough holders have signed, and signs everything anew with the keys it brings',
  argument: '<signed…>',
  options: { home: homeOption, 'targets-key': targetsKeyOption, 'passphrase-file': passphraseOption },
  async run(_argument, values, given) {
    const repository = await repositoryOf(values, given)
    const applied = await applyRoot(repository, await Promise.all(given.arguments.map(readDraftFile)))
    const pin = applied.version === 1 ? [`Give ${repository.store.pinnedRootPath} to every host to pin.`] : []
    return { result: { ...jsonOf(applied), root: repository.store.pinnedRootPath }, lines: [...inWords(applied), ...pin] }
  },
}

function inWords({ version, published, rotated, waiting }: Applied): string[] {
  return [
    published ? `Root ${version} is in force.` : `Root ${version} was in force already; nothing is left to be done.`,
    ...rotated.map((role) => `${role} is signed with its new key; the old one is not trusted any more, and its file is gone.`),
    ...waiting.map((role) => `${role} is still to be signed: see \`opsflux registry status\`.`),
  ]
}
