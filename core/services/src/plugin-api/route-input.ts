import type { ParsedUrlQuery } from 'node:querystring'
import { bodyReaderOf, queryReaderOf } from '@opsflux/data'
import type { Json, RouteEntry } from '@opsflux/sdk'

interface Readers {
  query: ReturnType<typeof queryReaderOf>
  body: ReturnType<typeof bodyReaderOf>
}
// Kept as long as the release that declares the route is.
const known = new WeakMap<RouteEntry, Readers>()

/** The query and body of a call to a plugin's route, checked against its declared fields. @throws validation-failed */
export function readRouteInput(route: RouteEntry, query: ParsedUrlQuery, body: Json): Json {
  const readers = known.get(route) ?? { query: queryReaderOf(route.query), body: bodyReaderOf(route.body) }
  known.set(route, readers)
  return { query: readers.query(query), body: readers.body(body) }
}
