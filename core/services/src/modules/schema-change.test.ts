import { describe, expect, test } from 'vitest'
import { schemaPath } from './schema-change.ts'
import { sha256 } from './sha256.ts'

const applied = (id: string, up = id, downSql: string | undefined = `drop ${id}`) => ({ id, sha256: sha256(up), ...(downSql === undefined ? {} : { downSql }) })
const wanted = (id: string, upSql = id) => ({ id, upSql, downSql: `drop ${id}` })

describe('the path from the migrations applied to those of a release (CORE-16.3, CORE-16.6)', () => {
  test('goes up by what is missing', () => {
    expect(schemaPath([applied('0001-a')], [wanted('0001-a'), wanted('0002-b')])).toMatchObject({ down: [], up: [{ id: '0002-b' }], irreversible: [] })
  })

  test('goes back newest first, with the down migrations recorded when they were applied', () => {
    expect(schemaPath([applied('0001-a'), applied('0002-b'), applied('0003-c')], [wanted('0001-a')])).toEqual({
      down: [{ id: '0003-c', downSql: 'drop 0003-c' }, { id: '0002-b', downSql: 'drop 0002-b' }], up: [], irreversible: [],
    })
  })

  test('names what has no way back', () => {
    expect(schemaPath([applied('0001-a'), { id: '0002-b', sha256: sha256('0002-b') }], [wanted('0001-a')]).irreversible).toEqual(['0002-b'])
  })

  test('refuses a rewritten history', () => {
    expect(() => schemaPath([applied('0001-a', 'one text')], [wanted('0001-a', 'another')])).toThrow(expect.objectContaining({ code: 'plan-impossible' }))
  })
})
