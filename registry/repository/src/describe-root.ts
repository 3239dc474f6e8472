import type { Metadata, Root } from '@tufjs/models'
import { onlineRoles } from './role-keys.ts'
import { fingerprintOf, readRootContent, type RootContent } from './root-content.ts'
import { signersOf, type RootDraft } from './root-draft.ts'

/** Key ids are long; holders compare this much of them. */
const shownDigits = 16

/** A root key before and after a draft. */
export interface KeyChange {
  keyid: string
  name?: string
  change: 'kept' | 'added' | 'removed'
  hasSigned: boolean
}

/** What a draft would make true, and who has signed it. */
export interface DraftDescription {
  version: number
  expires: string
  fingerprint: string
  threshold: { before?: number; after: number }
  rootKeys: KeyChange[]
  onlineKeys: { role: string; before?: string; after: string }[]
  /** Signatures that are still missing: of the keys in force, and of those it brings. */
  missing: { before: number; after: number }
}

export function describeDraft(draft: RootDraft): DraftDescription {
  const last = draft.chain.at(-1)
  const [before, after] = [last && readRootContent(last), readRootContent(draft.root)]
  const signers = new Set(signersOf(draft))
  const rootKeys = [...after.rootKeys.map((key) => ({ ...key, change: before && !has(before, key.keyid) ? 'added' as const : 'kept' as const })),
    ...(before?.rootKeys ?? []).filter(({ keyid }) => !has(after, keyid)).map((key) => ({ ...key, change: 'removed' as const }))]
  const missing = (content: RootContent | undefined): number => content ? Math.max(0, content.threshold - content.rootKeys.filter(({ keyid }) => signers.has(keyid)).length) : 0
  return {
    version: after.version, expires: draft.root.signed.expires, fingerprint: fingerprintOf(draft.root),
    threshold: { ...(before ? { before: before.threshold } : {}), after: after.threshold },
    rootKeys: rootKeys.map(({ keyid, name, change }) => ({ keyid, ...(name === undefined ? {} : { name }), change, hasSigned: signers.has(keyid) })),
    onlineKeys: onlineRoles.map((role) => ({ role, ...(before ? { before: before.online[role].keyid } : {}), after: after.online[role].keyid })),
    missing: { before: missing(before), after: missing(after) },
  }
}

/** For people, before they sign. */
export function draftInWords(draft: RootDraft): string[] {
  const { version, expires, fingerprint, threshold, rootKeys, onlineKeys, missing } = describeDraft(draft)
  const marks = { kept: ' ', added: '+', removed: '-' }
  const was = threshold.before !== undefined && threshold.before !== threshold.after ? ` (${threshold.before} before)` : ''
  return [
    draft.chain.length === 0 ? `Root ${version}, the first one` : `Root ${version}, to follow root ${version - 1}`,
    `holds until  ${expires}`,
    `root keys    ${threshold.after} of ${rootKeys.filter(({ change }) => change !== 'removed').length} must sign${was}`,
    ...rootKeys.map(({ keyid, name = 'unnamed', change, hasSigned }) => `  ${marks[change]} ${name.padEnd(12)} ${short(keyid)}${change === 'kept' ? '' : `  ${change}`}${hasSigned ? '  has signed' : ''}`),
    ...onlineKeys.map(({ role, before, after }) => `${role.padEnd(12)} ${before === undefined || before === after ? short(after) : `${short(before)} → ${short(after)}  NEW KEY`}`),
    `fingerprint  ${fingerprint.match(/.{8}/g)?.join(' ')}`,
    missingInWords(missing, draft.chain.length === 0),
  ]
}

/** A root that is in force, for people. */
export function rootInWords(root: Metadata<Root>): string[] {
  const { version, threshold, rootKeys, online } = readRootContent(root)
  return [
    `Root ${version}`,
    `holds until  ${root.signed.expires}`,
    `root keys    ${threshold} of ${rootKeys.length} must sign the next root`,
    ...rootKeys.map(({ keyid, name = 'unnamed' }) => `    ${name.padEnd(12)} ${short(keyid)}`),
    ...onlineRoles.map((role) => `${role.padEnd(12)} ${short(online[role].keyid)}`),
    `fingerprint  ${fingerprintOf(root).match(/.{8}/g)?.join(' ')}`,
  ]
}

export function short(keyid: string): string {
  return keyid.slice(0, shownDigits)
}

function missingInWords({ before, after }: DraftDescription['missing'], isFirst: boolean): string {
  if (before === 0 && after === 0) return 'signatures   enough: it can be applied'
  const wanted = [...(before > 0 ? [`${before} more of the keys in force now`] : []), ...(after > 0 ? [isFirst ? `${after} more` : `${after} more of the keys it brings`] : [])]
  return `signatures   ${wanted.join(', and ')}`
}

function has({ rootKeys }: RootContent, keyid: string): boolean {
  return rootKeys.some((key) => key.keyid === keyid)
}
