import { fromLocalInput, toLocalInput } from '../shared/format.ts'
import type { Incident, IncidentInput } from '../shared/module.ts'

export const requiredFields = ['type', 'site', 'occurredAt', 'actualSeverity', 'potentialSeverity', 'description'] as const

/** An incident as its form holds it: texts, empty for none. */
export interface IncidentDraft {
  type: string
  actualSeverity: string
  potentialSeverity: string
  site: string
  occurredAt: string
  awareAt: string
  description: string
  injured: string | number
  riskLevel: string
  /** Values of the fields that the organisation added. */
  custom: { readonly [name: string]: unknown }
}

export function draftOf(incident?: Incident): IncidentDraft {
  return {
    type: incident?.type ?? '',
    actualSeverity: incident?.actualSeverity ?? '',
    potentialSeverity: incident?.potentialSeverity ?? '',
    site: incident?.site ?? '',
    occurredAt: toLocalInput(incident?.occurredAt),
    awareAt: toLocalInput(incident?.awareAt),
    description: incident?.description ?? '',
    injured: incident?.injured ?? '',
    riskLevel: incident?.riskLevel ?? '',
    custom: { ...incident?.custom },
  }
}

/** What a creation sends. Values the form cannot know to be right are left for the server to judge. */
export function inputOf(draft: IncidentDraft): IncidentInput {
  const awareAt = fromLocalInput(draft.awareAt)
  const input = {
    ...draft,
    occurredAt: fromLocalInput(draft.occurredAt) ?? '',
    awareAt,
    injured: draft.injured === '' ? undefined : Number(draft.injured),
    riskLevel: draft.riskLevel || null,
    custom: Object.keys(draft.custom).length === 0 ? undefined : draft.custom,
  }
  return input as IncidentInput
}

/** What an update sends: only the values that differ, so that two people can change different ones. */
export function changesOf(draft: IncidentDraft, incident: Incident): Partial<IncidentInput> {
  const before = inputOf(draftOf(incident))
  const { custom, ...after } = inputOf(draft)
  const [changes, added] = [differing<Partial<IncidentInput>>(before, after), differing(before.custom ?? {}, custom ?? {})]
  return Object.keys(added).length === 0 ? changes : { ...changes, custom: added }
}

function differing<T extends object>(before: object, after: T): T {
  const known = new Map(Object.entries(before))
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => value !== undefined && value !== known.get(name))) as T
}
