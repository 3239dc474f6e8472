import { createRouter, createWebHistory, type RouteLocationNormalized, type RouteLocationRaw, type Router, type RouteRecordRaw } from 'vue-router'
import { afterSignIn } from './after-sign-in.ts'
import { customFieldRoutes } from './custom-fields/routes.ts'
import ShellFrame from './frame/shell-frame.vue'
import { moduleRoutes } from './modules/routes.ts'
import HomePage from './pages/home-page.vue'
import ModuleMissingPage from './pages/module-missing-page.vue'
import NotFoundPage from './pages/not-found-page.vue'
import SignInPage from './pages/sign-in-page.vue'
import { platformRoutes } from './platform/routes.ts'
import { usePlugins } from './plugins/plugins.ts'
import { useSession } from './session.ts'

const routes: RouteRecordRaw[] = [
  { path: '/sign-in', name: 'sign-in', component: SignInPage, meta: { public: true, title: 'signIn.title' } },
  { path: '/password', name: 'password', component: () => import('./pages/password-page.vue'), meta: { title: 'password.title' } },
  {
    path: '/', name: 'frame', component: ShellFrame,
    children: [
      { path: '', name: 'home', component: HomePage, meta: { title: 'home.title' } },
      ...moduleRoutes,
      ...customFieldRoutes,
      ...platformRoutes,
      { path: 'kit', name: 'kit', component: () => import('./pages/kit-page.vue') },
      { path: 'x/:pluginId/:rest(.*)*', name: 'module-missing', component: ModuleMissingPage, meta: { title: (route) => pluginName(String(route.params.pluginId)) } },
      { path: ':rest(.*)*', name: 'not-found', component: NotFoundPage, meta: { title: 'notFound.short' } },
    ],
  },
]

export function createShellRouter(): Router {
  const router = createRouter({ history: createWebHistory(), routes, scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 } })
  router.beforeEach((to) => admit(router, to))
  return router
}

async function admit(router: Router, to: RouteLocationNormalized): Promise<RouteLocationRaw | boolean> {
  const session = useSession()
  await session.ready()
  if (session.status === 'signed-in' && to.name === 'sign-in') return afterSignIn(to)
  if (to.meta.public || session.status === 'unreachable') return true
  if (session.status !== 'signed-in') return { name: 'sign-in', query: to.path === '/' ? {} : { to: to.fullPath } }
  if (session.mustChangePassword) return to.name === 'password' || { name: 'password', query: { to: to.fullPath } }
  return to.name === 'module-missing' ? findModulePage(router, to) : true
}

// A deep link may be there before its plugin is: wait, then match again.
async function findModulePage(router: Router, to: RouteLocationNormalized): Promise<RouteLocationRaw | boolean> {
  const plugins = usePlugins()
  await plugins.settled(String(to.params.pluginId))
  return router.resolve(to.fullPath).name === 'module-missing' ? true : { path: to.path, query: to.query, hash: to.hash }
}

function pluginName(id: string): string {
  return useSession().session?.plugins.find((plugin) => plugin.id === id)?.name ?? id
}
