import type { FieldDeclaration } from '@opsflux/sdk'
import type { Messages } from '../modules/localised.ts'

/** `correctiveAction` → `corrective action`. */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
}

/** What a field is called and what it is for, in the reader's language, where its module says so. */
export function labelled(messages: Messages, entity: string, field: string, { label, help }: Pick<FieldDeclaration, 'label' | 'help'>): { title?: string; description?: string } {
  const title = messages[label ?? `field.${entity}.${field}`]
  const description = messages[help ?? `field.${entity}.${field}.help`]
  return { ...(title === undefined ? {} : { title }), ...(description === undefined ? {} : { description }) }
}
