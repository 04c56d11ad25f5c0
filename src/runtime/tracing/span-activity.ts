import { activities, type Activity } from '../activities';
import type { Fields } from '../log';
import type { Attributes, Span } from './tracing';

/** A span that also stands in the list of what goes on, as do its parts, each with what is said of the whole. */
export function listed(span: Span, name: string, attributes: Attributes = {}): Span {
  return around(span, fieldsOf(attributes), activities.begin(name, fieldsOf(attributes)));
}

function around(span: Span, fields: Fields, activity: Activity): Span {
  return {
    context: span.context,
    child: (name, attributes = {}) => {
      const all = { ...fields, ...fieldsOf(attributes) };
      activity.step(name);
      return around(span.child(name, attributes), all, activities.begin(name, all));
    },
    set: (attributes) => span.set(attributes),
    event: (name, attributes) => {
      activity.step(name);
      span.event(name, attributes);
    },
    end: (error) => {
      activity.end();
      span.end(error);
    },
  };
}

/** Names of fields are those of the logs, without the prefix of attributes. */
function fieldsOf(attributes: Attributes): Fields {
  return Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key.replace(/^nodepool\./, ''), value]));
}
