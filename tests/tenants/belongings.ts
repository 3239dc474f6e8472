import { task, type Person, type TenantScene } from './scene.ts'

/** What a tenant has, by what addresses call it. */
export type Ids = Record<'task' | 'binned' | 'step' | 'note' | 'file' | 'comment' | 'company' | 'department' | 'role' | 'user' | 'membership' | 'field', string>

/** One of everything, made by an administrator. */
export async function everythingOf(scene: TenantScene, who: Person, names: { title: string; company: string; field: string }): Promise<Ids> {
  const { title } = names
  const company = (await scene.made(who, '/api/companies', { name: names.company })).id
  const department = (await scene.made(who, '/api/departments', { name: 'Deck', company })).id
  const role = (await scene.made(who, '/api/roles', { name: 'Reader', permissions: ['hse-guarded.view.all'] })).id
  const user = (await scene.person(who.tenantId)).id
  const membership = (await scene.made(who, `/api/users/${user}/memberships`, { role, company })).id
  const field = (await scene.made(who, '/api/custom-fields', { module: 'hse-guarded', entity: 'task', name: names.field, kind: 'string', label: { en: 'Badge' }, index: true })).id
  const file = await scene.uploaded(who, title)
  const note = (await scene.made(who, '/api/hse-notes/note', { text: title, company })).id
  const made = (await scene.made(who, task, { title, code: 'ONE', company, department, owner: user, photo: file, note, cost: 7, pin: 'Quiet words', custom: { [names.field]: 'Quiet words' } })).id
  const comment = (await scene.made(who, `${task}/${made}/comments`, { text: title })).id
  await scene.made(who, `${task}/${made}/attachments`, { file })
  const step = (await scene.made(who, '/api/hse-guarded/step', { title, task: made })).id
  const binned = (await scene.made(who, task, { title: `${title}, thrown away` })).id
  await scene.send(who, 'DELETE', `${task}/${binned}`, { headers: { 'if-match': '"1"' } })
  return { task: made, binned, step, note, file, comment, company, department, role, user, membership, field }
}

/** Of all rows of a tenant, by table; those of the outbox go by themselves. */
export async function digestOf(scene: TenantScene, tenantId: string): Promise<Record<string, unknown>> {
  const tables = await scene.rows<{ name: string }>(`select c.oid::regclass::text as name from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where a.attname = 'tenant_id' and c.relkind = 'r' and (n.nspname = 'opsflux' or n.nspname like 'p\\_%') and c.relname <> 'outbox' order by 1`)
  const digests = tables.map(({ name }) => `(select md5(string_agg(t::text, ';' order by t::text)) from ${name} t where tenant_id = '${tenantId}') as "${name}"`)
  const [row = {}] = await scene.rows(`select ${digests.join(', ')}`)
  return row
}
