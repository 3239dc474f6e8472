import { resolve } from 'node:path'
import { writeFileAtomic } from '@opsflux/registry-client'
import { parseRoot } from '@opsflux/registry-metadata'
import { checkPinned, describeDraft, draftInWords, encodeDraft, signDraft } from '@opsflux/registry-repository'
import { OpsFluxError } from '@opsflux/sdk'
import { passphraseOption, readKey, valueOf, type Command } from '../../command.ts'
import { jsonOf, readBytes, readDraftFile } from './shared.ts'

export const sign: Command = {
  summary: 'adds a holder’s signature to a draft of a root; it needs no network, and nothing but the draft',
  argument: '<draft>',
  options: {
    key: { value: '<file>', help: 'private key of the holder', required: true },
    'passphrase-file': passphraseOption,
    pinned: { value: '<root.json>', help: 'a root that the holder kept: the draft must come from it' },
    fingerprint: { value: '<hex>', help: 'sign only a draft with this fingerprint, or its beginning of 16 digits or more' },
    out: { value: '<file>', help: 'where the signed draft goes (default: in place)' },
  },
  async run(path, values) {
    const draft = await readDraftFile(path)
    const isCompared = values.pinned !== undefined
    if (values.pinned !== undefined) checkPinned(draft.chain, parseRoot(await readBytes(values.pinned, 'Give the root.json that the holder kept.')))
    const { fingerprint } = describeDraft(draft)
    if (values.fingerprint !== undefined) checkFingerprint(values.fingerprint, fingerprint)
    signDraft(draft, await readKey(valueOf(values, 'key'), values['passphrase-file']))
    const target = resolve(values.out ?? path)
    await writeFileAtomic(target, encodeDraft(draft))
    const hint = draft.chain.length > 0 && !isCompared ? ['What was before is what the draft says: compare the key ids with what you noted, or give --pinned.'] : []
    return { result: { signed: target, compared: isCompared, ...jsonOf(describeDraft(draft)) }, lines: [...draftInWords(draft), ...hint, '', `Signed: ${target}`] }
  },
}

function checkFingerprint(expected: string, found: string): void {
  const digits = expected.replace(/\s/g, '').toLowerCase()
  if (!/^[0-9a-f]{16,64}$/.test(digits)) throw new OpsFluxError('invalid-request', 'A fingerprint has at least 16 hexadecimal digits. Copy it from `opsflux registry root show`.')
  if (!found.startsWith(digits)) throw new OpsFluxError('untrusted-release', `The draft has the fingerprint ${found}, not the one that was given. It was not signed; ask who made it.`)
}
