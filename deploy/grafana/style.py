"""The house style of the dashboards: one function a kind of panel, so that a panel is what it shows and nothing else.

A query is an expression and its legend. Colours are kept for what they mean: a threshold, a band, a severity.
"""

import itertools

from grafana_foundation_sdk.builders import bargauge, common, dashboard, heatmap, prometheus
from grafana_foundation_sdk.builders import stat, statetimeline, timeseries
from grafana_foundation_sdk.models import common as options
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import heatmap as heatmaps
from grafana_foundation_sdk.models import prometheus as queries

SOURCE = options.DataSourceRef(type_val="prometheus", uid="${datasource}")
GOOD, WATCH, BAD, QUIET = "green", "#EAB839", "red", "#8e8e8e"
BANDS = {"green": GOOD, "yellow": WATCH, "red": BAD, "unknown": QUIET}
SEVERITIES = {"critical": "dark-red", "high": BAD, "medium": WATCH, "low": "#5794F2"}
ALL = models.VariableOption(selected=True, text="All", value="$__all")
HEIGHT = 7
HALF, THIRD, SIXTH = 12, 8, 4


def stat_panel(title, description, unit, query, thresholds=None, decimals=None, width=SIXTH):
    """One number."""
    panel = stat.Panel().graph_mode(options.BigValueGraphMode.NONE).no_value("–").height(4)
    panel.color_mode(options.BigValueColorMode.VALUE if thresholds else options.BigValueColorMode.NONE)
    if decimals is not None:
        panel.decimals(decimals)
    return _finish(panel, title, description, unit, [(query, "")], thresholds, width, is_instant=True)


def lines(title, description, unit, *targets, thresholds=None, maximum=None, colours=None, stacked=False, width=THIRD):
    """Values over time; thresholds are drawn as lines. Stacked where the sum means something."""
    panel = timeseries.Panel().line_width(1).fill_opacity(60 if stacked else 0).height(HEIGHT).min(0)
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
    panel.legend(
        common.VizLegendOptions()
        .display_mode(options.LegendDisplayMode.LIST)
        .placement(options.LegendPlacement.BOTTOM)
        .show_legend(True)
    )
    if stacked:
        panel.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL))
    if thresholds:
        style = common.GraphThresholdsStyleConfig().mode(options.GraphThresholdsStyleMode.LINE)
        panel.thresholds_style(style)
    if maximum is not None:
        panel.max(maximum)
    _paint(panel, colours)
    return _finish(panel, title, description, unit, targets, thresholds, width)


def changes(title, description, unit, *targets, colours=None, width=THIRD):
    """Differences over time: zero is in the middle."""
    panel = timeseries.Panel().line_width(1).fill_opacity(0).height(HEIGHT).axis_centered_zero(True)
    panel.tooltip(common.VizTooltipOptions().mode(options.TooltipDisplayMode.MULTI))
    _paint(panel, colours)
    return _finish(panel, title, description, unit, targets, None, width)


def buckets(title, description, unit, query, width=HALF):
    """A histogram's buckets over time, as a heat map."""
    colour = heatmap.HeatmapColorOptions().mode(heatmaps.HeatmapColorMode.SCHEME).scheme("Blues").steps(64)
    colour.fill("dark-blue").exponent(0.5)
    axis = heatmap.YAxisConfig().unit(unit)
    panel = heatmap.Panel().calculate(False).color(colour).y_axis(axis).cell_gap(1).height(HEIGHT)
    target = _target(query, "{{le}}").format(queries.PromQueryFormat.HEATMAP).ref_id("A").range()
    return _describe(panel, title, description, width).with_target(target)


def states(title, description, query, legend, names, width=THIRD):
    """Which state something is in over time: `names` gives each value its word and its colour."""
    words = {
        str(value): models.ValueMappingResult(text=word, color=colour, index=index)
        for index, (value, (word, colour)) in enumerate(names.items())
    }
    panel = statetimeline.Panel().mappings([models.ValueMap(options=words)]).height(HEIGHT)
    panel.show_value(options.VisibilityMode.NEVER).fill_opacity(80)
    return _finish(panel, title, description, "short", [(query, legend)], None, width)


def bars(title, description, unit, query, legend, width=THIRD):
    """A number for each of a few things, as they are now."""
    colour = dashboard.FieldColor().mode(models.FieldColorModeId.FIXED).fixed_color("blue")
    panel = bargauge.Panel().height(HEIGHT).min(0).show_unfilled(False).color_scheme(colour)
    panel.orientation(options.VizOrientation.HORIZONTAL).display_mode(options.BarGaugeDisplayMode.BASIC)
    return _finish(panel, title, description, unit, [(query, legend)], None, width, is_instant=True)


def rising(*steps):
    """Thresholds: good below the first step, then watch, then bad. With one step there is no watch."""
    colours = [WATCH, BAD] if len(steps) > 1 else [BAD]
    return [models.Threshold(value=None, color=GOOD)] + [
        models.Threshold(value=step, color=colour) for step, colour in zip(steps, colours)
    ]


def falling(least):
    """Thresholds: bad below `least`."""
    return [models.Threshold(value=None, color=BAD), models.Threshold(value=least, color=GOOD)]


def dashboard_of(title, uid, description, since, refresh, variables, rows):
    """A dashboard of rows of panels. `variables`: name to metric, each the values of that label."""
    board = dashboard.Dashboard(title).uid(uid).description(description).tags(["pulsewatch"]).readonly()
    board.time(since, "now").refresh(refresh).tooltip(models.DashboardCursorSync.CROSSHAIR).timezone("browser")
    board.with_variable(dashboard.DatasourceVariable("datasource").label("Prometheus").type("prometheus"))
    board.with_variable(_variable("job", 'label_values(pulsewatch_build_info, job)').multi(False))
    for name, metric in variables.items():
        query = f'label_values({metric}{{job="$job"}}, {name})'
        board.with_variable(_variable(name, query).multi(True).include_all(True).all_value(".+").current(ALL))
    ids = itertools.count(1)
    for name, panels in rows.items():
        board.with_row(dashboard.Row(name).id(next(ids)))
        for panel in panels:
            board.with_panel(panel.id(next(ids)))
    return board.build()


def _variable(name, query):
    variable = dashboard.QueryVariable(name).query(query).datasource(SOURCE).sort(models.VariableSort.NATURAL_ASC)
    return variable.refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)


def _describe(panel, title, description, width):
    return panel.title(title).description(description).span(width).datasource(SOURCE)


def _finish(panel, title, description, unit, targets, thresholds, width, is_instant=False):
    _describe(panel, title, description, width).unit(unit)
    if thresholds:
        panel.thresholds(dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(thresholds))
    for name, (query, legend) in zip("ABCDEF", targets):
        target = _target(query, legend).ref_id(name)
        panel.with_target(target.instant() if is_instant else target.range())
    return panel


def _target(query, legend):
    return prometheus.Dataquery().datasource(SOURCE).expr(query).legend_format(legend)


def _paint(panel, colours):
    for name, colour in (colours or {}).items():
        fixed = {"mode": "fixed", "fixedColor": colour}
        panel.override_by_name(name, [models.DynamicConfigValue(id_val="color", value=fixed)])
