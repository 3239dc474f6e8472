import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import plugin from './plugin.ts'
import { employers, incidentTypes, riskLevels, severities } from './terms.ts'

const folder = import.meta.dirname
const read = (locale: string): Record<string, string> => JSON.parse(readFileSync(join(folder, 'locales', `${locale}.json`), 'utf8')) as Record<string, string>
const english = read('en')
const placeholders = (message: string | undefined): string[] => [...(message ?? '').matchAll(/\{(\w+)\}/gu)].map(([, name = '']) => name).toSorted()

test.each(['fr', 'es', 'pt'])('%s has the messages of English, with the same values in them', (locale) => {
  const messages = read(locale)
  expect(Object.keys(messages).toSorted()).toEqual(Object.keys(english).toSorted())
  for (const [key, message] of Object.entries(english)) expect(placeholders(messages[key]), key).toEqual(placeholders(message))
})

test('every message the pages and declarations name is there', () => {
  const sources = readdirSync(join(folder, 'client'), { recursive: true, encoding: 'utf8' }).filter((name) => /\.(vue|ts)$/u.test(name)).map((name) => readFileSync(join(folder, 'client', name), 'utf8'))
  const named = sources.flatMap((source) => [...source.matchAll(/(?:\bt\(|title: |done: |conflict: |send\('save', |stale \? |: )'([a-zA-Z]+\.[\w.]+)'/gu)].map(([, key = '']) => key))
  const listed = (prefix: string, values: readonly string[]): string[] => values.map((value) => `${prefix}.${value}`)
  const built = [
    ...listed('incident.type', incidentTypes), ...listed('incident.actualSeverity', severities), ...listed('incident.riskLevel', riskLevels),
    ...listed('incident.state', ['draft', 'submitted', 'closed']), ...listed('actions.state', ['open', 'done']), ...listed('hours.employer', employers),
    ...listed('filter', ['type', 'actualSeverity', 'state', 'riskLevel']), ...listed('rates.period', ['all', 'year', 'twelveMonths', 'custom']),
    'incident.submit.done', 'incident.close.done', ...(plugin.declaration.menus ?? []).map(({ label }) => label),
    ...listed('record', ['comments', 'attachments', 'history']), ...Object.keys(plugin.declaration.entities.incident.checks ?? {}).map((name) => `check.incident.${name}`),
    ...listed('incident', Object.keys(plugin.declaration.entities.incident.fields)),
  ]
  expect(named.length).toBeGreaterThan(80)
  expect([...named, ...built].filter((key) => !Object.hasOwn(english, key))).toEqual([])
})
