import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { localeNames, writeJson } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'
import { parseJson } from './stage.ts'

/** The four message files, keys sorted; every language must have the same keys. */
export async function readLocales(root: string): Promise<Map<string, Buffer>> {
  const tables = new Map<string, Record<string, string>>()
  for (const locale of localeNames) tables.set(locale, await readLocale(root, `locales/${locale}.json`))
  const english = tables.get('en') ?? {}
  const problems: string[] = []
  for (const [locale, messages] of tables) {
    const missing = Object.keys(english).filter((key) => !Object.hasOwn(messages, key))
    const extra = Object.keys(messages).filter((key) => !Object.hasOwn(english, key))
    if (missing.length > 0) problems.push(`${locale} lacks ${missing.join(', ')}`)
    if (extra.length > 0) problems.push(`${locale} has ${extra.join(', ')}, which en has not`)
  }
  if (problems.length > 0) throw new OpsFluxError('validation-failed', `The languages do not have the same messages: ${problems.join('; ')}. Add what is missing.`)
  return new Map([...tables].map(([locale, messages]) => [`locales/${locale}.json`, writeJson(Object.fromEntries(Object.entries(messages).toSorted(([a], [b]) => (a < b ? -1 : 1))))]))
}

async function readLocale(root: string, path: string): Promise<Record<string, string>> {
  const source = await readFile(join(root, path), 'utf8').catch((cause: unknown) => {
    throw new OpsFluxError('validation-failed', `${path} is missing. A plugin speaks ${localeNames.join(', ')}.`, { cause })
  })
  const value = parseJson(source, path)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OpsFluxError('validation-failed', `${path} must be a flat object of messages.`)
  const wrong = Object.entries(value).find(([key, message]) => typeof message !== 'string' || !/^[A-Za-z][\w.-]{0,119}$/.test(key))
  if (wrong) throw new OpsFluxError('validation-failed', `The message "${wrong[0]}" of ${path} is not a text under a plain key.`)
  return value as Record<string, string>
}
