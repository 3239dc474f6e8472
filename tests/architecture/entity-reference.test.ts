import { validatorOf } from '@opsflux/data'
import { fieldKinds, featuresOf } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { entityProblems } from '../../sdk/cli/src/build/entity-rules.ts'
import { takesPlugin } from '../../scripts/docs/declarations.ts'
import { withEntityTables } from '../../scripts/docs/entity-reference.ts'
import { sampleOf, shownKinds } from '../../scripts/docs/kind-tables.ts'
import { permit, workOrder } from '../fixtures/documented/work-orders.ts'
import { read } from './repository.ts'

test('the tables of the entity reference are those of the code', () => {
  const text = read('docs/reference/entities.md')
  expect(withEntityTables(text), 'run: node scripts/docs/entities.ts').toBe(text)
})

test('every value shown for a kind is one it takes', () => {
  const fields = Object.fromEntries(fieldKinds.filter((kind) => kind !== 'sequence').map((kind) => [kind, sampleOf(kind, { required: kind !== 'manyToMany' })]))
  const values = Object.fromEntries(Object.keys(fields).map((name) => [name, shownKinds[name as keyof typeof shownKinds].value]))
  const validate: ReturnType<typeof validatorOf> = validatorOf(fields)
  expect(() => validate(values)).not.toThrow()
})

test('the worked example is one that a package may declare', async () => {
  const entities = [permit, workOrder].map((entity) => ({ ...entity, features: featuresOf(entity) }))
  expect(takesPlugin({ entities, dependencies: { 'hse-reports': '^1.0.0' } })).toBe(true)
  expect(await entityProblems(entities)).toEqual([])
})
