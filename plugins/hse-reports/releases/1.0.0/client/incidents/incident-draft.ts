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
  added: Record<string, string>
}
