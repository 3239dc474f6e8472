import { incidentTypes, severities } from '../../terms.ts'
import type { Filter } from './added.ts'
import { addedFilters } from './additions.ts'

export const filters: readonly Filter[] = [
  { field: 'type', values: incidentTypes },
  { field: 'actualSeverity', values: severities },
  { field: 'state', values: ['draft', 'submitted', 'closed'] },
  ...addedFilters,
]

/** Field names to chosen values, and `q` to the words looked for. */
export type Chosen = Record<string, string>

/** What a page's address says; anything that is no filter or none of its values is ignored. */
export function chosenFrom(query: Record<string, unknown>): Chosen {
  const chosen: Chosen = {}
  if (typeof query.q === 'string') chosen.q = query.q
  for (const { field, values } of filters) {
    const value = query[field]
    if (typeof value === 'string' && values.includes(value)) chosen[field] = value
  }
  return chosen
}

export function isFiltered(chosen: Chosen): boolean {
  return Object.values(chosen).some((value) => value !== '')
}
