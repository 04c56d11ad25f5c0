import { openStackSection } from '../openstack-parts';

/** drivers.md 5. */
export const openStackSchema = openStackSection({ required: ['cloud'] });
