import type { RouteRecordRaw } from 'vue-router'

/** The screens of the module manager, below the frame. */
export const moduleRoutes: RouteRecordRaw[] = [
  { path: 'modules', name: 'modules', component: () => import('./modules-page.vue'), meta: { permission: 'modules.manage.all', title: 'modules.title' } },
  { path: 'modules/:id', name: 'module', component: () => import('./module-page.vue'), meta: { permission: 'modules.manage.all', title: 'modules.title' } },
]
