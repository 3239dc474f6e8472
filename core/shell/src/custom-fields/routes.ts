import type { RouteRecordRaw } from 'vue-router'

/** The screen of the fields an organisation adds to a module, below the frame. */
export const customFieldRoutes: RouteRecordRaw[] = [
  { path: 'modules/:id/fields', name: 'module-fields', component: () => import('./fields-page.vue'), meta: { permission: ({ params }) => ['modules.manage.all', `${String(params['id'])}.manage.all`], title: 'customFields.title' } },
]
