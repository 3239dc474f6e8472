import type { FieldDeclaration } from './fields.ts'

/** Kinds a field added at run time may have. */
export const customFieldKinds = ['string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'user'] as const
export type CustomFieldKind = (typeof customFieldKinds)[number]

/** Kinds whose index serves filters and sorts. Of `decimal` it serves sorts alone; `text` has none. */
export const indexedCustomFieldKinds = ['string', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'user'] as const satisfies readonly CustomFieldKind[]

/** Limits of custom fields; how many an entity may have in one tenant is `queryLimits.customFields`. */
export const customFieldLimits = {
  /** Characters of a name, a label in one language, a help text in one language. */
  name: 40,
  label: 80,
  help: 300,
  /** Values of an `enum`, and characters of each. */
  values: 200,
  value: 80,
  /** Longest value in characters that may be allowed. */
  string: 255,
  text: 20_000,
  /** Digits of a `decimal`. */
  precision: 38,
  /** Fields with an index, of one entity in one tenant and of one entity in all tenants together. */
  indexed: 10,
  indexedInAll: 100,
} as const

/** A text by language; English at least. */
export interface CustomFieldLabel { en: string; fr?: string; es?: string; pt?: string }

/**
 * A field that an administrator added to an entity for one tenant. Its value is in `custom` of each record: `custom.badge`;
 * queries name it so too: `where[custom.badge]=B-12`, `sort=custom.badge`.
 */
export interface CustomField extends Pick<FieldDeclaration, 'required' | 'index' | 'min' | 'max' | 'maxLength' | 'precision' | 'scale'> {
  id: string
  pluginId: string
  entity: string
  /** camelCase, unique in the entity, never changed. */
  name: string
  kind: CustomFieldKind
  label: CustomFieldLabel
  help?: Partial<CustomFieldLabel>
  /** `enum`. Values may be added, not taken away. */
  values?: readonly string[]
  /** Place among the others, from 0. */
  position: number
  /** `building` until its index serves; absent without an index. */
  indexState?: 'building' | 'ready' | 'failed'
  /** Set on a deleted one: its values are kept, unseen, until it is restored or purged. */
  deletedAt?: string
}

/**
 * What an administrator sends to add a field. A required one must be given when a record is created from then on, and can never be set to
 * null; records there are need no value until somebody writes one.
 */
export interface CustomFieldInput extends Pick<CustomField, 'name' | 'kind' | 'label' | 'help' | 'required' | 'index' | 'min' | 'max' | 'maxLength' | 'precision' | 'scale' | 'values'> {
  module: string
  entity: string
}

/** What may be changed: never the name, the kind or the digits; limits bind what is written from then on. `null` takes a limit away. */
export interface CustomFieldChanges extends Partial<Pick<CustomField, 'label' | 'help' | 'required' | 'index' | 'values'>> {
  min?: number | null
  max?: number | null
  maxLength?: number | null
}
