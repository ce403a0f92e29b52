"""Verdicts as a table for people."""
MARKS = {'ok': 'ok', 'cannot': '-', 'failed': 'FAIL'}


def worst(verdicts):
    return next((v for v in ('failed', 'cannot', 'ok') if v in verdicts), None)


def table(rows):
    """One line a feature, one column for each peer and version; two marks where the roles differ, ours first."""
    columns = list(dict.fromkeys((row['peer'], row['version']) for row in rows))
    features = list(dict.fromkeys(row['feature'] for row in rows))
    cells = {}
    for row in rows:
        key = row['feature'], (row['peer'], row['version'])
        cells.setdefault(key, {}).setdefault(row['starter'], []).append(row['verdict'])
    heads = [f'{peer} v{version}' for peer, version in columns]
    first = max(len(feature) for feature in features)
    lines = [' ' * first + '  ' + '  '.join(heads)]
    for feature in features:
        marks = []
        for column, head in zip(columns, heads):
            starters = cells.get((feature, column), {})
            both = [MARKS.get(worst(starters.get(who, [])), '') for who in sorted(starters)]
            marks.append((both[0] if len(set(both)) == 1 else '/'.join(both)).ljust(len(head)) if both else ' ' * len(head))
        lines.append(feature.ljust(first) + '  ' + '  '.join(marks))
    reasons = dict.fromkeys((row['peer'], row['feature'], row['detail']) for row in rows if row['verdict'] == 'cannot')
    lines += [''] + [f'-  {peer}, {feature}: {why}' for peer, feature, why in reasons if not why.startswith('the text')]
    return '\n'.join(lines)


def summary(rows, seconds):
    count = {verdict: sum(row['verdict'] == verdict for row in rows) for verdict in MARKS}
    return f'{count["ok"]} ok, {count["cannot"]} cannot, {count["failed"]} failed, {seconds:.0f} s'
