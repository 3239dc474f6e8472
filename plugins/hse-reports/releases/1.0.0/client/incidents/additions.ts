import type { Component } from 'vue'
import type { Incident, IncidentInput } from '../shared/module.ts'
import type { AddedColumn, Filter } from './added.ts'

/** The first release: nothing is added to the incident pages. */
export const addedColumns: readonly AddedColumn[] = []
export const addedFilters: readonly Filter[] = []
export const addedFields: readonly Component[] = []
export const incidentPanels: readonly Component[] = []
export const listPanels: readonly Component[] = []

export const addedDraft = (_incident?: Incident): Record<string, string> => ({})
export const addedInput = (_added: Record<string, string>): Partial<IncidentInput> => ({})
