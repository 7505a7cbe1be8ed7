"""The command line's one table: every command under the names it has."""

from cli import assistant, groups, jobs, operations, system, users
from cli.cities import city, earth_engine, fetch, fetch_many, find_place, places, region, years
from cli.evaluation import bench, cityrep, evaluate, evidence, study
from cli.grammar import Grammar, Noun, build
from cli.maps import ask, change, documents, layers, profile, question, tasks
from cli.models import arrays, embed, models, recipes, train_many, training

CITY = Noun(
    "Add, fetch, list and remove cities and their years.",
    {
        "add": city.add,
        "fetch": fetch.fetch,
        "fetch-many": fetch_many.fetch_many,
        "list": city.list_all,
        "show": city.show,
        "remove": city.remove,
        "add-places": places.add,
        "add-year": years.add,
        "fetch-year": fetch.fetch_year,
        "list-years": years.show,
        "remove-year": years.remove,
        "earth-engine-script": earth_engine.earth_engine_script,
    },
)
REGION = Noun(
    "Embed and search a country, by many processes.",
    {
        "fetch": region.fetch,
        "embed": region.embed,
        "show": region.show,
        "search": region.search,
        "add": region.add,
        "list": region.list_all,
        "forget": region.forget,
    },
)
FETCH = Noun(
    "List, show, cancel or resume what is being fetched.",
    {
        "list": fetch.list_all,
        "show": fetch.show,
        "cancel": fetch.cancel,
        "resume": fetch.resume,
        "remove": fetch.remove,
    },
)
PLACE = Noun(
    "Find where a city is; rank a city's places by a question.",
    {"find": find_place.find_place, "rank": ask.rank_places},
)
CACHE = Noun(
    "Show or clear the downloads kept for the next city.",
    {"show": fetch_many.cache_show, "clear": fetch_many.cache_clear},
)
LAYER = Noun(
    "List, export, report on, rename, colour, remove maps.",
    {
        "list": layers.list_all,
        "export": layers.export,
        "report": documents.report,
        "qgis": documents.qgis,
        "rename": layers.rename,
        "style": layers.style,
        "remove": layers.remove,
    },
)
MODEL = Noun(
    "List, choose, export and import models; list recipes.",
    {
        "train": training.train,
        "train-many": train_many.train_many,
        "list": models.list_all,
        "use": models.use,
        "export": models.export,
        "import": models.import_,
        "recipes": recipes.recipes,
        "pool": arrays.pool,
        "embed": embed.embed,
        "encode-eo": arrays.encode_eo,
        "encode-text": arrays.encode_text,
    },
)
RUN = Noun(
    "List, show, cancel or resume a city's training runs.",
    {
        "list": training.list_all,
        "show": training.show,
        "cancel": training.cancel,
        "resume": training.resume,
    },
)
JOB = Noun(
    "List, show, cancel or resume whatever takes time.",
    {
        "list": jobs.list_all,
        "show": jobs.show,
        "cancel": jobs.cancel,
        "resume": jobs.resume,
        "remove": jobs.remove,
    },
)
STUDY = Noun(
    "Train many times and say what each part is worth.",
    {
        "start": study.start,
        "transfer": study.transfer,
        "list": study.list_all,
        "show": study.show,
        "cancel": study.cancel,
        "remove": study.remove,
    },
)
USER = Noun(
    "Who may sign in to the web app, as what, and who did what.",
    {
        "add": users.add,
        "list": users.list_all,
        "password": users.password,
        "role": users.role,
        "audit": users.audit,
        "add-key": users.add_key,
        "list-keys": users.list_keys,
        "remove-key": users.remove_key,
        "remove": users.remove,
    },
)
GROUP = Noun(
    "Which accounts see which cities.",
    {
        "add": groups.add,
        "list": groups.list_all,
        "include": groups.include,
        "exclude": groups.exclude,
        "remove": groups.remove,
    },
)
DATABASE = Noun(
    "Start, stop and look after the private database.",
    {
        "start": system.db_start,
        "stop": system.db_stop,
        "status": system.db_status,
        "url": system.db_url,
        "migrate": system.db_migrate,
        "health": system.health,
    },
)

GRAMMAR = Grammar(
    panels={
        "Start": {
            "up": system.up,
            "down": system.down,
            "demo": system.demo,
            "backup": operations.backup,
            "restore": operations.restore,
            "doctor": operations.doctor,
            "job": JOB,
            "user": USER,
            "group": GROUP,
            "db": DATABASE,
        },
        "Cities": {"city": CITY, "fetch": FETCH, "place": PLACE, "region": REGION, "cache": CACHE},
        "Ask and map": {
            "ask": question.ask,
            "search": ask.search,
            "similar": ask.similar,
            "change": change.change,
            "profile": profile.profile,
            **tasks.commands(),
            "layer": LAYER,
            "mcp": assistant.mcp,
        },
        "Train and judge": {
            "train": training.train,
            "model": MODEL,
            "run": RUN,
            "evaluate": evaluate.evaluate,
            "evidence": evidence.evidence,
            "study": STUDY,
            "cityrep": cityrep.cityrep,
            "bench": bench.bench,
        },
    },
    old_names={
        "health": "db health",
        "fetch-many": "city fetch-many",
        "earth-engine-script": "city earth-engine-script",
        "city years": "city list-years",
        "fetches": "fetch list",
        "find-place": "place find",
        "places": "place rank",
        "cache": "cache show",
        "layers": "layer list",
        "export": "layer export",
        "report": "layer report",
        "qgis": "layer qgis",
        "models": "model list",
        "recipes": "model recipes",
        "pool": "model pool",
        "embed": "model embed",
        "encode-eo": "model encode-eo",
        "encode-text": "model encode-text",
        "runs": "run list",
        "jobs": "job list",
        "study": "study start",
        "transfer": "study transfer",
        "studies": "study list",
        "study-show": "study show",
        "study-stop": "study cancel",
        "study-remove": "study remove",
    },
)

app = build(
    "aether",
    "Ask a city in plain words, get a map back. --json prints one JSON document.",
    GRAMMAR,
)
