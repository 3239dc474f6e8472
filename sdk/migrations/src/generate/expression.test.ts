import { expect, it } from 'vitest'
import { expressionCharacters, expressionFault } from './expression.ts'

const columns = new Set(['hours', 'rate', 'title', 'state', 'created_at'])
const faultOf = (sql: string) => expressionFault(sql, columns, 'computed')

it.each(['hours * rate', "case when hours > 8 then 'long' else lower(title) end", 'coalesce(hours, 0) + greatest(rate, 1)', "title like 'A%' and state in ('new', 'old')", 'hours::numeric / 60 -- minutes\n', "regexp_replace(title, '\\s+', ' ')", "title is not null and not (hours = 0)"])('%s may be computed', async (sql) => {
  expect(await faultOf(sql)).toBeUndefined()
})

it.each<[string, string, RegExp]>([
  ['a column that is not there', 'hours * price', /no column price/],
  ['a field as it is called in TypeScript', 'createdAt', /no column createdat/],
  ['a column of another table', 'incident.hours', /no column incident\.hours/],
  ['the whole row', 'num_nulls(t.*)', /no column/],
  ['the time of day', 'now()', /function now/],
  ['the day', 'current_date', /value function is not possible/],
  ['chance', 'random()', /function random/],
  ['the system', 'pg_sleep(1)', /function pg_sleep/],
  ['other rows', '(select max(hours) from incident)', /sub link is not possible/],
  ['an aggregate', 'sum(hours)', /function sum/],
  ['a window', 'lower(title) over ()', /one row/],
  ['the end of its place and a further column', 'hours) stored, x int generated always as (rate', /not one expression/],
  ['the end of its place and a default', 'hours) stored default (1', /cannot be read/],
  ['the end of the statement', 'hours) stored); drop table t; create table x (c text generated always as (1', /not one expression/],
  ['nothing', '', /cannot be read/],
  ['a comment that swallows the rest', 'hours -- ', /cannot be read/],
])('an expression may not hold %s', async (_what, sql, fault) => {
  expect(await faultOf(sql)).toMatch(fault)
})

it('a check may not end its place and add another', async () => {
  expect(await expressionFault('hours > 0', columns, 'check')).toBeUndefined()
  expect(await expressionFault('hours > 0), check (true', columns, 'check')).toMatch(/not one expression/)
  expect(await expressionFault('hours > 0) no inherit, x int default (1', columns, 'check')).toMatch(/not one expression/)
})

it('an expression has at most 2,000 characters', async () => {
  const of = (length: number) => `hours${' '.repeat(length - 5)}`
  expect(await faultOf(of(expressionCharacters))).toBeUndefined()
  expect(await faultOf(of(expressionCharacters + 1))).toMatch(/longer than 2000/)
})
