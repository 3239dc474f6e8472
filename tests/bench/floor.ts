// The floor of the bench: what a handler written by hand in Koa and pg costs for the same answers, on the same Node.
import bodyParser from '@koa/bodyparser'
import Router from '@koa/router'
import Koa from 'koa'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'], max: 20 })
const router = new Router()
const columns = `id, revision, created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt", updated_by as "updatedBy", deleted_at as "deletedAt", deleted_by as "deletedBy", custom, state,
  type, actual_severity as "actualSeverity", potential_severity as "potentialSeverity", site, occurred_at as "occurredAt", description`

router.get('/incidents', async (context) => {
  const { rows } = await pool.query(`select ${columns} from bench.incident where type = $1 order by occurred_at desc, id desc limit 25`, [context.query['type']])
  context.body = { data: rows }
})
router.get('/counted-incidents', async (context) => {
  const type = context.query['type']
  const [{ rows }, { rows: [counted] }] = await Promise.all([
    pool.query(`select ${columns} from bench.incident where type = $1 order by occurred_at desc, id desc limit 25`, [type]),
    pool.query<{ total: string }>('select count(*) as total from bench.incident where type = $1', [type]),
  ])
  context.body = { data: rows, total: Number(counted?.total) }
})
router.get('/incidents/:id', async (context) => {
  const { rows } = await pool.query(`select ${columns} from bench.incident where id = $1`, [context['params'].id])
  context.body = rows[0]
})
router.post('/incidents', async (context) => {
  const body = (context.request as { body?: Record<string, unknown> }).body ?? {}
  const { rows } = await pool.query(
    `insert into bench.incident (type, actual_severity, potential_severity, site, occurred_at, description) values ($1, $2, $3, $4, $5, $6) returning ${columns}`,
    [body['type'], body['actualSeverity'], body['potentialSeverity'], body['site'], body['occurredAt'], body['description']])
  context.status = 201
  context.body = rows[0]
})

const app = new Koa()
app.use(bodyParser())
app.use(router.routes())
const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address) process.send?.({ type: 'ready', url: `http://127.0.0.1:${address.port}` })
})
process.on('disconnect', () => process.exit(0))
