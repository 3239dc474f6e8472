import type { FieldDeclaration } from './fields.ts'

/** Kinds a field added at run time may have. */
export const customFieldKinds = ['string', 'text', 'integer', 'decimal', 'boolean', 'date', 'datetime', 'enum', 'user'] as const
export type CustomFieldKind = (typeof customFieldKinds)[number]

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
  /** Shown to people, by language; English at least. */
  label: { en: string; fr?: string; es?: string; pt?: string }
  help?: { en?: string; fr?: string; es?: string; pt?: string }
  /** `enum`. Values may be added, not taken away. */
  values?: readonly string[]
  /** Place among the others, from 0. */
  position: number
  /** `building` until its index serves; absent without an index. */
  indexState?: 'building' | 'ready' | 'failed'
}
