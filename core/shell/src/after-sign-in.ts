import type { RouteLocationNormalized, RouteLocationRaw } from 'vue-router'

/** Where to go once signed in: a path of this site only. */
export function afterSignIn(route: RouteLocationNormalized): RouteLocationRaw {
  const wanted = route.query.to
  return typeof wanted === 'string' && /^\/(?![/\\])/.test(wanted) ? wanted : '/'
}
