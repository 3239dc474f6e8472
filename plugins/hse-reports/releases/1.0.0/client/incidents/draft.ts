import { fromLocalInput, toLocalInput } from '../shared/format.ts'
import type { Incident, IncidentInput } from '../shared/module.ts'
import { addedDraft, addedInput } from './additions.ts'
import type { IncidentDraft } from './incident-draft.ts'

export const requiredFields = ['type', 'site', 'occurredAt', 'actualSeverity', 'potentialSeverity', 'description'] as const

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
    added: addedDraft(incident),
  }
}

/** What a creation sends. Values the form cannot know to be right are left for the server to judge. */
export function inputOf(draft: IncidentDraft): IncidentInput {
  const awareAt = fromLocalInput(draft.awareAt)
  const input = {
    type: draft.type,
    actualSeverity: draft.actualSeverity,
    potentialSeverity: draft.potentialSeverity,
    site: draft.site,
    occurredAt: fromLocalInput(draft.occurredAt) ?? '',
    description: draft.description,
    ...(awareAt === undefined ? {} : { awareAt }),
    ...(draft.injured === '' ? {} : { injured: Number(draft.injured) }),
    ...addedInput(draft.added),
  }
  return input as IncidentInput
}

/** What an update sends: only the fields whose value differs, so that two people can change different ones. */
export function changesOf(draft: IncidentDraft, incident: Incident): Partial<IncidentInput> {
  const before = inputOf(draftOf(incident)) as Record<string, unknown>
  const after = Object.entries(inputOf(draft))
  return Object.fromEntries(after.filter(([name, value]) => before[name] !== value)) as Partial<IncidentInput>
}
