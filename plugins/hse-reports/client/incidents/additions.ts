import type { Component } from 'vue'
import { riskLevels, type RiskLevel } from '../../terms.ts'
import type { Incident, IncidentInput } from '../shared/module.ts'
import type { AddedColumn, Filter } from './added.ts'
import CorrectiveActions from './corrective-actions.vue'
import OpenActions from './open-actions.vue'
import RiskBadge from './risk-badge.vue'
import RiskField from './risk-field.vue'

/** What this release adds to the incident pages; everything else of them is the same in 1.0.0. */
export const addedColumns: readonly AddedColumn[] = [{ key: 'riskLevel', cell: RiskBadge }]
export const addedFilters: readonly Filter[] = [{ field: 'riskLevel', values: riskLevels }]
/** Drawn in the form with the draft and the errors of its fields. */
export const addedFields: readonly Component[] = [RiskField]
/** Drawn below an incident. */
export const incidentPanels: readonly Component[] = [CorrectiveActions]
/** Drawn above the list. */
export const listPanels: readonly Component[] = [OpenActions]

/** The added fields of a draft; an empty text stands for none. */
export const addedDraft = (incident?: Incident): Record<string, string> => ({ riskLevel: incident?.riskLevel ?? '' })

export function addedInput(added: Record<string, string>): Partial<IncidentInput> {
  return { riskLevel: added.riskLevel ? (added.riskLevel as RiskLevel) : null }
}
