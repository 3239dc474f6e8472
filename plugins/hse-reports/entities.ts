import { defineEntity, field } from '@opsflux/sdk'
import { employers, incidentTypes, injuryTypes, riskLevels, severities } from './terms.ts'

const isInjury = `type in (${injuryTypes.map((type) => `'${type}'`).join(', ')})`

const incident = defineEntity('incident', {
  fields: {
    /** Of the year it was entered in; of incidents from before release 1.2.0, the year they occurred in. */
    number: field.sequence('INC-{year}-{number:4}', { gapless: true, search: 'A' }),
    type: field.enum(incidentTypes, { required: true, index: true }),
    actualSeverity: field.enum(severities, { required: true, index: true }),
    potentialSeverity: field.enum(severities, { required: true, index: true }),
    site: field.string({ required: true, maxLength: 120, index: true, search: 'B' }),
    occurredAt: field.datetime({ required: true, index: true }),
    /** When the organisation learned of it: regulators' reporting clocks start here. Default: the moment of entry. */
    awareAt: field.datetime(),
    description: field.text({ required: true, maxLength: 8000, search: 'C' }),
    /** Injured people; each one is a case in the rates. Default 1 for injuries, 0 for the rest. */
    injured: field.integer({ min: 0, max: 10_000 }),
    /** Default: follows the two severities. */
    riskLevel: field.enum(riskLevels, { index: true }),
  },
  states: {
    initial: 'draft',
    values: ['draft', 'submitted', 'closed'],
    transitions: {
      submit: { from: 'draft', to: 'submitted', action: 'edit', guard: { awareAt: { null: false }, injured: { null: false } } },
      close: { from: 'submitted', to: 'closed', action: 'approve' },
    },
  },
  display: 'number',
  checks: {
    awareAt: 'aware_at >= occurred_at',
    injured: `(injured > 0) = (${isInjury})`,
  },
  features: { comments: true, attachments: true, versions: true },
})

const exposureHours = defineEntity('exposureHours', {
  fields: {
    /** First day of the month. */
    month: field.date({ required: true, index: true }),
    site: field.string({ required: true, maxLength: 120, index: true, search: 'A' }),
    employer: field.enum(employers, { required: true }),
    hours: field.integer({ required: true, min: 1, max: 100_000_000 }),
  },
  display: 'month',
  unique: [['month', 'site', 'employer']],
})

const correctiveAction = defineEntity('correctiveAction', {
  fields: {
    incident: field.reference('incident', { required: true, index: true, onDelete: 'cascade' }),
    title: field.string({ required: true, maxLength: 200, search: 'A' }),
    owner: field.user({ required: true, index: true }),
    due: field.date({ required: true, index: true }),
  },
  states: {
    initial: 'open',
    values: ['open', 'done'],
    transitions: {
      complete: { from: 'open', to: 'done', action: 'edit' },
      reopen: { from: 'done', to: 'open', action: 'edit' },
    },
  },
  display: 'title',
})

export const entities = { incident, exposureHours, correctiveAction }
