import type pg from 'pg'

/**
 * Tables of the kernel that hold something of a plugin's data, each with a column `plugin_id`. The audit is not among them: that a
 * record was there, and who erased it, outlives the record.
 */
const tables = ['plugin_migration', 'kept_data', 'restore_point', 'after_step', 'outbox', 'sequence_counter', 'custom_field', 'file_use', 'comment']

/** Erases what the kernel's tables hold of a plugin. Not every platform has all of them: some come with other services. */
export async function eraseRecordsOf(admin: pg.Client, pluginId: string): Promise<void> {
  const { rows } = await admin.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'plugin_id'
     where c.relnamespace = 'opsflux'::regnamespace and c.relname = any ($1) order by array_position($1, c.relname::text)`, [tables])
  for (const { name } of rows) await admin.query(`delete from opsflux.${name} where plugin_id = $1`, [pluginId])
}
