/** What a migration may do. Everything else is refused; a rule is added when a plugin shows the need for it. */
export const allowedStatements: ReadonlySet<string> = new Set([
  'CreateStmt', 'CreateTableAsStmt', 'AlterTableStmt', 'RenameStmt', 'DropStmt', 'IndexStmt', 'CreateSeqStmt', 'AlterSeqStmt', 'CreateEnumStmt', 'AlterEnumStmt',
  'ViewStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'SelectStmt', 'CommentStmt',
])

/** Nodes of the parse tree that may stand anywhere in a statement; whatever a later PostgreSQL adds is refused until it is here. */
export const allowedNodes: ReadonlySet<string> = new Set([
  ...allowedStatements,
  'AlterTableCmd', 'ColumnDef', 'Constraint', 'DefElem', 'IndexElem', 'TableLikeClause', 'TypeName', 'CollateClause',
  'A_ArrayExpr', 'A_Const', 'A_Expr', 'A_Indices', 'A_Indirection', 'A_Star', 'BoolExpr', 'BooleanTest', 'CaseExpr', 'CaseWhen', 'CoalesceExpr', 'ColumnRef', 'FuncCall',
  'GroupingFunc', 'MinMaxExpr', 'MultiAssignRef', 'NamedArgExpr', 'NullTest', 'RowExpr', 'SQLValueFunction', 'SetToDefault', 'SubLink', 'TypeCast',
  'CommonTableExpr', 'GroupingSet', 'JoinExpr', 'LockingClause', 'RangeFunction', 'RangeSubselect', 'RangeVar', 'ResTarget', 'SortBy', 'WindowDef',
  'BitString', 'Boolean', 'Float', 'Integer', 'List', 'String',
])

/** Kinds of object that may be altered, renamed, dropped or commented on. */
export const allowedObjects: ReadonlySet<string> = new Set([
  'OBJECT_TABLE', 'OBJECT_COLUMN', 'OBJECT_INDEX', 'OBJECT_SEQUENCE', 'OBJECT_TYPE', 'OBJECT_VIEW', 'OBJECT_TABCONSTRAINT',
])

export const allowedTableCommands: ReadonlySet<string> = new Set([
  'AT_AddColumn', 'AT_DropColumn', 'AT_ColumnDefault', 'AT_SetNotNull', 'AT_DropNotNull', 'AT_AlterColumnType', 'AT_SetExpression', 'AT_DropExpression',
  'AT_AddConstraint', 'AT_AlterConstraint', 'AT_ValidateConstraint', 'AT_DropConstraint', 'AT_AddIdentity', 'AT_SetIdentity', 'AT_DropIdentity', 'AT_SetStatistics',
])

/** Parts of a statement that are refused wherever they stand: node or field name of the parse tree, and what it is called. */
export const refusedParts: ReadonlyMap<string, string> = new Map([
  ['intoClause', 'SELECT INTO (write CREATE TABLE … AS)'], ['inhRelations', 'table inheritance'], ['partspec', 'a partitioned table'], ['partbound', 'a partition'],
  ['ofTypename', 'a table of a type'], ['tablespacename', 'a tablespace'], ['tableSpace', 'a tablespace'], ['tableSpaceName', 'a tablespace'],
  ['indexspace', 'a tablespace'], ['concurrent', 'CONCURRENTLY'],
])

/**
 * Functions a migration may call. A list of what is good, because PostgreSQL has others that reach out of the schema:
 * `set_config`, `pg_notify`, advisory locks, large objects, `query_to_xml`, which runs any SQL.
 */
export const allowedFunctions: ReadonlySet<string> = new Set(`
  gen_random_uuid uuidv7 now clock_timestamp statement_timestamp transaction_timestamp timezone age date date_part date_trunc date_bin extract make_date make_time
  make_timestamp make_timestamptz make_interval to_char to_date to_number to_timestamp justify_days justify_hours justify_interval isfinite overlaps
  lower upper initcap trim btrim ltrim rtrim length char_length character_length octet_length substring substr position strpos overlay replace translate
  left right lpad rpad repeat reverse split_part string_to_array string_to_table starts_with ascii chr concat concat_ws format normalize is_normalized
  regexp_replace regexp_match regexp_matches regexp_split_to_array regexp_split_to_table regexp_count regexp_instr regexp_like regexp_substr
  like_escape similar_to_escape quote_literal quote_nullable to_hex md5 sha224 sha256 sha384 sha512 encode decode convert_from convert_to hashtext hashtextextended
  abs ceil ceiling floor round trunc sign mod div power sqrt cbrt exp ln log greatest least random width_bucket
  count sum avg min max array_agg string_agg bool_and bool_or every bit_and bit_or stddev stddev_pop stddev_samp variance var_pop var_samp any_value
  percentile_cont percentile_disc mode row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
  generate_series unnest array_length array_lower array_upper array_position array_positions array_append array_prepend array_cat array_remove array_replace
  array_to_string array_to_json cardinality
  to_json to_jsonb row_to_json json_agg jsonb_agg json_object_agg jsonb_object_agg json_build_object jsonb_build_object json_build_array jsonb_build_array
  jsonb_set jsonb_insert jsonb_strip_nulls jsonb_typeof json_typeof jsonb_array_length json_array_length jsonb_array_elements jsonb_array_elements_text
  json_array_elements json_array_elements_text jsonb_each jsonb_each_text json_each json_each_text jsonb_object_keys json_object_keys jsonb_extract_path
  jsonb_extract_path_text json_extract_path json_extract_path_text jsonb_path_query jsonb_path_query_array jsonb_path_query_first jsonb_path_exists jsonb_to_record
  jsonb_to_recordset jsonb_populate_record jsonb_populate_recordset jsonb_pretty jsonb_object
  tstzrange lower_inc upper_inc lower_inf upper_inf isempty range_merge
  nextval currval setval to_tsvector setweight tsvector_to_array num_nulls num_nonnulls
`.split(/\s+/).filter((name) => name !== ''))
