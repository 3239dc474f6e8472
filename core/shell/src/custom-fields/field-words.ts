import type { CustomField } from '@opsflux/sdk'

/** `correctiveAction` → `Corrective action`. */
export function titleOf(entity: string): string {
  const words = entity.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}

export function labelIn({ label }: Pick<CustomField, 'label'>, locale: string): string {
  return (locale === 'fr' || locale === 'es' || locale === 'pt' ? label[locale] : undefined) ?? label.en
}
