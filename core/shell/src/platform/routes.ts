import type { RouteRecordRaw } from 'vue-router'

/** How safe the platform stands, below the frame. */
export const platformRoutes: RouteRecordRaw[] = [
  { path: 'platform', name: 'platform', component: () => import('./platform-page.vue'), meta: { permission: 'modules.manage.all', title: 'platform.title' } },
]
