import { field, type FieldDeclaration } from '@opsflux/sdk'
import { expect, test } from 'vitest'
import { columnsOf } from './columns.ts'

test('columns are the snake_case of the fields, after those of the host', () => {
  const columns = columnsOf({ name: 'workOrder', fields: { dueDate: field.date(), x2Y: field.text() }, states: { initial: 'a', values: ['a'], transitions: {} } })
  expect([...columns.values()].map((column) => column.name)).toEqual(['id', 'revision', 'created_at', 'created_by', 'updated_at', 'updated_by', 'state', 'due_date', 'x2_y'])
})

test.each<[string, FieldDeclaration]>([
  ['createdBy', field.user()], ['tenantId', field.user()], ['state', field.string()], ['id', field.string()], ['a"b', field.string()], ['Title', field.string()], ['__proto__', field.string()], ['a_b', field.string()],
  ['x'.repeat(51), field.string()], ['', field.string()], ['odd', { kind: 'uuid; drop' as 'text' }],
])('an entity cannot declare the field "%s"', (name, declaration) => {
  expect(() => columnsOf({ name: 'workOrder', fields: Object.fromEntries([[name, declaration]]) })).toThrow(expect.objectContaining({ code: 'package-refused' }))
})
