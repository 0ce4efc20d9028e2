//! A schema without names: each is replaced with its definition. Bounded, and no schema that contains itself: a record could nest in
//! it as deep as it is long, and the crate reads recursively.

use std::collections::HashMap;

use apache_avro::schema::{
    ArraySchema, InnerDecimalSchema, MapSchema, Name, NamespaceRef, RecordField, RecordSchema, Schema, UnionSchema,
};

const MOST_NODES: usize = 20_000;
const MOST_DEPTH: usize = 64;

/// # Errors
/// Why it cannot be read with safely.
pub fn inline(schema: &Schema, others: &[Schema]) -> Result<Schema, String> {
    let mut names = HashMap::new();
    for schema in others.iter().chain([schema]) {
        collect(schema, None, &mut names);
    }
    let mut inliner = Inliner {
        names,
        open: Vec::new(),
        nodes: 0,
        depth: 0,
    };
    inliner.inline(schema, None)
}

/// The definitions by their full names.
fn collect<'s>(schema: &'s Schema, within: NamespaceRef<'_>, names: &mut HashMap<Name, &'s Schema>) {
    let name = schema.name().map(|name| name.fully_qualified_name(within).into_owned());
    let within = name.as_ref().map_or(within, Name::namespace);
    match schema {
        Schema::Ref { .. } => return,
        Schema::Array(array) => collect(&array.items, within, names),
        Schema::Map(map) => collect(&map.types, within, names),
        Schema::Union(union) => union
            .variants()
            .iter()
            .for_each(|variant| collect(variant, within, names)),
        Schema::Record(record) => record
            .fields
            .iter()
            .for_each(|field| collect(&field.schema, within, names)),
        _ => {}
    }
    if let Some(name) = name {
        names.insert(name, schema);
    }
}

struct Inliner<'s> {
    names: HashMap<Name, &'s Schema>,
    /// The records that are being written out, from the outermost in.
    open: Vec<Name>,
    nodes: usize,
    depth: usize,
}

impl Inliner<'_> {
    fn inline(&mut self, schema: &Schema, within: NamespaceRef<'_>) -> Result<Schema, String> {
        self.nodes += 1;
        if self.nodes > MOST_NODES || self.depth >= MOST_DEPTH {
            return Err(format!(
                "it has more than {MOST_NODES} parts, or is nested deeper than {MOST_DEPTH} levels"
            ));
        }
        self.depth += 1;
        let inlined = self.inline_node(schema, within);
        self.depth -= 1;
        inlined
    }

    fn inline_node(&mut self, schema: &Schema, within: NamespaceRef<'_>) -> Result<Schema, String> {
        Ok(match schema {
            Schema::Ref { name } => {
                let name = name.fully_qualified_name(within).into_owned();
                if self.open.contains(&name) {
                    return Err(format!("{name} contains itself"));
                }
                let definition = *self
                    .names
                    .get(&name)
                    .ok_or_else(|| format!("{name} is defined nowhere"))?;
                // A definition stands in its own name's namespace, wherever it is used.
                self.inline(definition, name.namespace())?
            }
            Schema::Array(array) => {
                let items = self.inline(&array.items, within)?;
                if least_bytes(&items) == 0 {
                    return Err("it has a list of items without any content, which could be of any length".to_owned());
                }
                Schema::Array(ArraySchema {
                    items: Box::new(items),
                    attributes: array.attributes.clone(),
                })
            }
            Schema::Map(map) => Schema::Map(MapSchema {
                types: Box::new(self.inline(&map.types, within)?),
                attributes: map.attributes.clone(),
            }),
            Schema::Union(union) => {
                let variants = union.variants().iter().map(|variant| self.inline(variant, within));
                let variants = variants.collect::<Result<_, _>>()?;
                Schema::Union(UnionSchema::new(variants).map_err(|error| error.to_string())?)
            }
            Schema::Record(record) => Schema::Record(self.record(record, within)?),
            other => other.clone(),
        })
    }

    fn record(&mut self, record: &RecordSchema, within: NamespaceRef<'_>) -> Result<RecordSchema, String> {
        let name = record.name.fully_qualified_name(within).into_owned();
        self.open.push(name.clone());
        let field = |field: &RecordField| {
            Ok(RecordField {
                schema: self.inline(&field.schema, name.namespace())?,
                ..field.clone()
            })
        };
        let fields = record.fields.iter().map(field).collect::<Result<_, String>>()?;
        self.open.pop();
        Ok(RecordSchema {
            fields,
            ..record.clone()
        })
    }
}

/// How short a value can be.
fn least_bytes(schema: &Schema) -> usize {
    match schema {
        Schema::Null => 0,
        Schema::Fixed(fixed) => fixed.size,
        Schema::Decimal(decimal) => match &decimal.inner {
            InnerDecimalSchema::Fixed(fixed) => fixed.size,
            InnerDecimalSchema::Bytes => 1,
        },
        Schema::Record(record) => record.fields.iter().map(|field| least_bytes(&field.schema)).sum(),
        _ => 1,
    }
}
