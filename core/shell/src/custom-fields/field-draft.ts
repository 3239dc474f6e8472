import { indexedCustomFieldKinds, type CustomField, type CustomFieldChanges, type CustomFieldInput, type CustomFieldKind, type CustomFieldLabel } from '@opsflux/sdk'

/** A field as its form holds it: numbers as they are typed, the values of a list one per line. */
export interface FieldDraft {
  name: string
  kind: CustomFieldKind
  label: Required<CustomFieldLabel>
  help: Required<CustomFieldLabel>
  required: boolean
  index: boolean
  min: string
  max: string
  maxLength: string
  precision: string
  scale: string
  values: string
}

const noTexts = { en: '', fr: '', es: '', pt: '' }

export function draftOf(field?: CustomField): FieldDraft {
  const number = (value: number | undefined): string => (value === undefined ? '' : String(value))
  return {
    name: field?.name ?? '', kind: field?.kind ?? 'string', label: { ...noTexts, ...field?.label }, help: { ...noTexts, ...field?.help }, required: field?.required ?? false, index: field?.index ?? false,
    min: number(field?.min), max: number(field?.max), maxLength: number(field?.maxLength), precision: number(field?.precision), scale: number(field?.scale), values: (field?.values ?? []).join('\n'),
  }
}

export const mayHaveIndex = (kind: CustomFieldKind): boolean => (indexedCustomFieldKinds as readonly string[]).includes(kind)

/** `Badge number` → `badgeNumber`: a name to begin with. */
export function nameFrom(label: string): string {
  const words = label.normalize('NFD').replace(/[^a-zA-Z0-9 ]/g, '').trim().split(/\s+/)
  const name = words.map((word, index) => (index === 0 ? word.toLowerCase() : `${word.slice(0, 1).toUpperCase()}${word.slice(1).toLowerCase()}`)).join('')
  return name.replace(/^\d+/, '').slice(0, 40)
}

export function inputOf(draft: FieldDraft): Omit<CustomFieldInput, 'module' | 'entity'> {
  const help = textsOf(draft.help)
  return {
    name: draft.name.trim(), kind: draft.kind, label: { ...textsOf(draft.label), en: draft.label.en.trim() }, ...(Object.keys(help).length > 0 ? { help } : {}),
    required: draft.required, index: draft.index && mayHaveIndex(draft.kind), ...rulesOf(draft),
  }
}

/** What can be changed of a field there is. */
export function changesOf(draft: FieldDraft): CustomFieldChanges {
  const { name: _name, kind, precision: _precision, scale: _scale, help, ...rest } = inputOf(draft)
  const limits = kind === 'integer' ? { min: rest.min ?? null, max: rest.max ?? null } : kind === 'string' || kind === 'text' ? { maxLength: rest.maxLength ?? null } : {}
  return { ...rest, help: help ?? {}, ...limits }
}

function rulesOf({ kind, min, max, maxLength, precision, scale, values }: FieldDraft): Pick<CustomFieldInput, 'min' | 'max' | 'maxLength' | 'precision' | 'scale' | 'values'> {
  switch (kind) {
    case 'integer': return { ...numberOf('min', min), ...numberOf('max', max) }
    case 'string': case 'text': return numberOf('maxLength', maxLength)
    case 'decimal': return { ...numberOf('precision', precision), ...numberOf('scale', scale) }
    case 'enum': return { values: values.split('\n').map((value) => value.trim()).filter((value) => value !== '') }
    default: return {}
  }
}

function numberOf<K extends string>(rule: K, text: string): { [P in K]?: number } {
  return String(text).trim() === '' ? {} : { [rule]: Number(text) } as { [P in K]: number }
}

function textsOf(texts: Required<CustomFieldLabel>): Partial<CustomFieldLabel> {
  return Object.fromEntries(Object.entries(texts).map(([language, text]) => [language, text.trim()]).filter(([, text]) => text !== ''))
}
