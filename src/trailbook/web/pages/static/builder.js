// The report builder with scripts: what each module does, the page does without it too.

import "./builder_parts.js";
import "./builder_query.js";
import "./people.js";
import "./builder_columns.js";
import "./builder_keys.js";
