import { describe, expect, it } from 'vitest'
import { batchRows, judgeAfterSteps, judgeMigration, schemaOf, type AfterStep } from './index.ts'

const schema = schemaOf('acme-notes')

describe('what runs after the change may', () => {
  it.each<[string, Partial<AfterStep>]>([
    ['create index concurrently a on note (tenant_id, body, id)', { kind: 'create-index', index: 'a', table: 'note' }],
    ['create unique index concurrently if not exists a on p_acme_notes.note using gin (words) where deleted_at is null', { kind: 'create-index', index: 'a', table: 'note' }],
    ['drop index concurrently if exists p_acme_notes.a', { kind: 'drop-index', index: 'a' }],
    ['alter table note validate constraint a, validate constraint b', { kind: 'validate', table: 'note' }],
    [`update note set body = lower(title) where id in (select id from note where body is null order by id limit ${batchRows} for update)`, { kind: 'batch', table: 'note' }],
    ['delete from note using old where note.at < old.at and note.ctid in (select ctid from note fetch first 5 rows only)', { kind: 'batch', table: 'note' }],
  ])('%s', async (sql, step) => {
    expect(await judgeAfterSteps(sql, schema)).toEqual({ steps: [{ ...step, text: sql }] })
  })

  it('be several, cut as they will run', async () => {
    const { steps } = await judgeAfterSteps(' create index concurrently a on note (b);\n-- why\ndrop index concurrently c;', schema)
    expect(steps.map(({ text }) => text)).toEqual(['create index concurrently a on note (b)', 'drop index concurrently c'])
  })
})

describe('what runs after the change may not', () => {
  it.each<[string, string, RegExp]>([
    ['hold the table', 'create index a on note (b)', /CONCURRENTLY/],
    ['make an index without a name', 'create index concurrently on note (b)', /needs a name/],
    ['drop two indexes', 'drop index concurrently a, b', /one index/],
    ['drop a table', 'drop table note', /nothing but an index/],
    ['drop an index at once', 'drop index a', /CONCURRENTLY/],
    ['change all rows', 'update note set a = 1', /in batches/],
    ['change rows by a condition alone', 'delete from note where a = 1', /in batches/],
    ['take more than 10,000 at once', `delete from note where id in (select id from note limit ${batchRows + 1})`, /in batches/],
    ['take none, again and again', 'delete from note where id in (select id from note limit 0)', /in batches/],
    ['take rows by what many have', 'delete from note where tenant_id in (select tenant_id from note limit 1)', /in batches/],
    ['compute how many', 'delete from note where id in (select id from note limit 5 + 5)', /in batches/],
    ['take as many as there are', 'delete from note where id in (select id from note order by a fetch first 1 rows with ties)', /in batches/],
    ['limit one side of an or', 'delete from note where a or id in (select id from note limit 1)', /in batches/],
    ['limit the opposite', 'delete from note where id not in (select id from note limit 1)', /in batches/],
    ['compare otherwise', 'delete from note where id > any (select id from note limit 1)', /in batches/],
    ['change other rows beside', 'with other as (delete from old returning *) delete from note where id in (select id from note limit 1)', /in batches/],
    ['add rows', 'insert into note (id) values (null)', /come after the change/],
    ['alter a table', 'alter table note add column a text', /only constraints validated/],
    ['alter a table beside', 'alter table note validate constraint a, add column b text', /only constraints validated/],
    ['read', 'select 1', /come after the change/],
    ['begin', 'begin', /not allowed in a migration/],
    ['index by a function that is not allowed', 'create index concurrently a on note (pg_sleep(1))', /pg_sleep/],
    ['index another schema', 'create index concurrently a on opsflux.tenant (name)', /another schema/],
    ['drop in another schema', 'drop index concurrently opsflux.a', /another schema/],
    ['change rows of another schema', 'delete from opsflux.tenant where id in (select id from opsflux.tenant limit 1)', /another schema/],
    ['read another schema', 'delete from note where id in (select id from opsflux.tenant limit 1)', /another schema/],
  ])('%s', async (_case, sql, reason) => {
    expect((await judgeAfterSteps(sql, schema)).fault?.reason).toMatch(reason)
  })
})

it('the change itself still makes and drops no index concurrently', async () => {
  for (const sql of ['create index concurrently a on note (b)', 'drop index concurrently a']) expect((await judgeMigration(sql, schema)).fault?.reason).toMatch(/CONCURRENTLY/)
})

it.each([
  "alter table note add column words tsvector generated always as (setweight(to_tsvector('simple', coalesce(title, '')), 'A') || setweight(to_tsvector('simple', coalesce(body, '')), 'B')) stored",
  'create index note_words on note using gin (words)',
  "create table more (tenant_id uuid not null, span tstzrange, price bigint, price_currency char(3), constraint more_price_check check ((price is null) = (price_currency is null)), constraint more_span_check check (not isempty(span) and lower(span) < upper(span) and lower_inc(span)))",
  "insert into more (tenant_id, span) select tenant_id, tstzrange(at, null, '[)') from note",
  'create unique index note_key on note (tenant_id, body) where deleted_at is null',
  'alter table note alter column body set not null, alter column words drop expression, add constraint a foreign key (id) references other (id) on delete set null not valid',
  'alter table note rename constraint a to b; alter table note rename column a to b',
])('a generated migration may: %s', async (sql) => {
  expect((await judgeMigration(sql, schema)).fault).toBeUndefined()
})

it('a constraint that excludes names no operator of another schema', async () => {
  expect((await judgeMigration('create table t (a int4range, exclude using gist (a with operator(opsflux.&&)))', schema)).fault?.reason).toMatch(/schema of an operator/)
})
