import type { FieldDeclaration } from '@opsflux/sdk'

/** What a value of the kind is, where its schema does not say it. */
export function kindNotes({ kind, computed, sequence }: FieldDeclaration): string | undefined {
  if (computed !== undefined) return 'Computed by the database at each write.'
  switch (kind) {
    case 'richText': return 'CommonMark; raw HTML in it is shown as text.'
    case 'decimal': return 'An exact decimal as text, such as `12.50`.'
    case 'money': return 'An amount in the smallest unit of its currency (ISO 4217): 1250 EUR is 12.50 euro.'
    case 'datetime': return 'An instant, RFC 3339; answered in UTC with milliseconds.'
    case 'zonedDatetime': return 'An instant and its IANA time zone, RFC 9557: `2026-03-01T09:30:00.000+01:00[Africa/Libreville]`.'
    case 'timeRange': return 'From an instant up to, not including, another; `to` null has no end.'
    case 'duration': return 'Whole seconds.'
    case 'geoPoint': return 'WGS 84, decimal degrees.'
    case 'sequence': return `Given at creation: \`${sequence ?? ''}\`.`
    case 'encrypted': return 'Stored encrypted: it cannot be filtered, sorted or searched.'
    case 'json': return 'JSON of at most 64 KiB.'
    default: return undefined
  }
}
