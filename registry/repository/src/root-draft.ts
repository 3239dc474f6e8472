import { parseRoot, publicKeyOf, keyIdOf, signBytes } from '@opsflux/registry-metadata'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import { Signature, type Metadata, type Root } from '@tufjs/models'
import { isSameRoot } from './root-content.ts'
import { checkChain } from './root-rules.ts'

/** A draft carries every root before it; one root has about 3 KB. */
const maxDraftBytes = 4_000_000
const kind = 'root-draft-1'

/** A root that is signed by one holder after the other, with all that they need to judge it. */
export interface RootDraft {
  /** The roots before it, the first one first; empty for the first root. */
  chain: readonly Metadata<Root>[]
  root: Metadata<Root>
}

export function encodeDraft({ chain, root }: RootDraft): Buffer {
  return Buffer.from(`${JSON.stringify({ opsflux: kind, chain: chain.map((one) => one.toJSON()), root: root.toJSON() }, undefined, 2)}\n`)
}

/** Reads a draft whose chain holds; the signatures of its root are not counted. @throws invalid-request, untrusted-release */
export function readDraft(bytes: Buffer): RootDraft {
  const value = bytes.length > maxDraftBytes ? undefined : parse(bytes)
  if (typeof value !== 'object' || value === null || Array.isArray(value) || value['opsflux'] !== kind || !Array.isArray(value['chain'])) {
    throw new OpsFluxError('invalid-request', 'The file is no draft of a root. Give the root.draft.json that `opsflux registry init`, `root draft` or `rotate` wrote.')
  }
  const draft = { chain: value['chain'].map(readRoot), root: readRoot(value['root']) }
  checkChain(draft.chain)
  if (draft.root.signed.version !== draft.chain.length + 1) throw new OpsFluxError('untrusted-release', `The draft is of root ${draft.root.signed.version}, and the roots before it end with ${draft.chain.length}. Make a new draft.`)
  return draft
}

/** Adds a holder's signature. @throws invalid-request when the key is no root key, neither before nor after */
export function signDraft({ chain, root }: RootDraft, privateKeyPem: string): void {
  const keyID = keyIdOf(publicKeyOf(privateKeyPem))
  if (![root, chain.at(-1)].some((one) => one?.signed.roles['root']?.keyIDs.includes(keyID))) {
    throw new OpsFluxError('invalid-request', `The key ${keyID.slice(0, 16)} is no root key, neither before nor after this draft, so its signature would not count. Give the private key of a holder.`)
  }
  root.sign((bytes) => new Signature({ keyID, sig: signBytes(privateKeyPem, bytes) }))
}

/** One draft with the good signatures of all; what does not verify is left out. @throws conflict when they are not the same root */
export function mergeDrafts([first, ...others]: readonly RootDraft[]): RootDraft {
  if (!first) throw new OpsFluxError('invalid-request', 'No signed draft was given.')
  const different = others.find(({ root }) => !isSameRoot(root, first.root))
  if (different) throw new OpsFluxError('conflict', 'The files are not copies of one draft: what they would make the root differs. Give only files of the same draft.')
  const signers = new Map([first, ...others].flatMap((draft) => signersOf(draft).map((keyid) => [keyid, draft.root.signatures[keyid]] as const)))
  first.root.signatures = Object.fromEntries([...signers].flatMap(([keyid, signature]) => (signature ? [[keyid, signature]] : [])))
  return first
}

/** Key ids of root keys, before or after, that have rightly signed. */
export function signersOf({ chain, root }: RootDraft): string[] {
  const keys = new Map([chain.at(-1), root].flatMap((one) => (one?.signed.roles['root']?.keyIDs ?? []).map((keyid) => [keyid, one?.signed.keys[keyid]] as const)))
  return [...keys].flatMap(([keyid, key]) => {
    try {
      key?.verifySignature(root)
      return key ? [keyid] : []
    } catch {
      return []
    }
  })
}

function readRoot(value: Json | undefined): Metadata<Root> {
  try {
    return parseRoot(Buffer.from(JSON.stringify(value ?? null)))
  } catch (cause) {
    if (cause instanceof OpsFluxError) throw cause
    throw new OpsFluxError('untrusted-release', 'The draft carries a root that cannot be read. Fetch the draft again from the registry.', { cause })
  }
}

function parse(bytes: Buffer): Json {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (cause) {
    throw new OpsFluxError('invalid-request', 'The file is no draft of a root: it is not JSON. Copy it again.', { cause })
  }
}
