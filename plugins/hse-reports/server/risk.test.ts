import { expect, test } from 'vitest'
import { rated, rerated, riskLevelOf } from './risk.ts'

const level = (actualSeverity: string, potentialSeverity: string) => riskLevelOf({ actualSeverity, potentialSeverity })

test('the potential counts twice: a harmless outcome that could have killed is high', () => {
  expect([level('I', 'I'), level('I', 'II'), level('I', 'III'), level('I', 'IV'), level('I', 'VI')]).toEqual(['low', 'low', 'medium', 'high', 'critical'])
  expect([level('II', 'II'), level('III', 'III'), level('IV', 'IV'), level('IV', 'V'), level('VI', 'VI')]).toEqual(['medium', 'high', 'high', 'critical', 'critical'])
})

test('a new incident is rated unless its reporter did', () => {
  expect(rated({ actualSeverity: 'I', potentialSeverity: 'V' })).toMatchObject({ riskLevel: 'high' })
  expect(rated({ actualSeverity: 'I', potentialSeverity: 'V', riskLevel: 'low' as const })).toMatchObject({ riskLevel: 'low' })
  expect(rated({ actualSeverity: 'nine', potentialSeverity: 'V' })).not.toHaveProperty('riskLevel')
})

test('changed severities change the level, unless a person had chosen it', () => {
  const record = { actualSeverity: 'I', potentialSeverity: 'I', riskLevel: 'low' as const }
  expect(rerated(record, { potentialSeverity: 'VI' })).toEqual({ potentialSeverity: 'VI', riskLevel: 'critical' })
  expect(rerated({ ...record, riskLevel: 'high' as const }, { potentialSeverity: 'VI' })).toEqual({ potentialSeverity: 'VI' })
  expect(rerated(record, { site: 'B' } as object)).toEqual({ site: 'B' })
})

test('a level is chosen, and given back to the rule by clearing it', () => {
  const record = { actualSeverity: 'I', potentialSeverity: 'I', riskLevel: 'high' as const }
  expect(rerated(record, { riskLevel: 'critical' as const })).toEqual({ riskLevel: 'critical' })
  expect(rerated(record, { riskLevel: null })).toEqual({ riskLevel: 'low' })
})
