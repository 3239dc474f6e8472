import { isOpsFluxError } from '@opsflux/sdk/client'

type Translate = (key: string) => string

/** What went wrong, for people: the server's words, or that it cannot be reached. */
export function messageOf(error: unknown, t: Translate): string {
  return isOpsFluxError(error) && error.code !== 'not-ready' ? error.message : t('state.offline')
}

/** The server's complaints by field name. */
export function fieldErrorsOf(error: unknown): Record<string, string> {
  if (!isOpsFluxError(error) || !Array.isArray(error.data.errors)) return {}
  const messages: Record<string, string> = {}
  for (const complaint of error.data.errors) {
    if (typeof complaint !== 'object' || complaint === null || Array.isArray(complaint)) continue
    const { path, message } = complaint
    if (typeof path === 'string' && typeof message === 'string') messages[path.replace(/^\//u, '')] ??= message
  }
  return messages
}

/** Fields of `draft` that are empty and must not be. */
export function missingFields(draft: object, required: readonly string[], t: Translate): Record<string, string> {
  const values = draft as Record<string, unknown>
  const empty = required.filter((name) => values[name] === undefined || values[name] === null || String(values[name]).trim() === '')
  return Object.fromEntries(empty.map((name) => [name, t('form.required')]))
}

/** Moves the focus to the first wrong field of a form, once its errors are drawn. */
export function focusFirstError(form: HTMLElement | null): void {
  form?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus()
}
