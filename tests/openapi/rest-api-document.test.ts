import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { operatorNames } from '@opsflux/sdk'
import { queryLimitTable } from '../../scripts/docs/query-limits.ts'

const text = readFileSync('docs/reference/rest-api.md', 'utf8')

test('the limits in the documentation are those of the code', () => {
  expect(text).toContain(queryLimitTable())
})

test('every operator is in the documentation', () => {
  expect(operatorNames.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
})
