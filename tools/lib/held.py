"""The words of pages that say a number: tools.lib.numbers holds them against what is counted.

HELD: words with the name of a number of tools.lib.counted in braces. GIVEN: words whose numbers
need no command, by the reason; a page that is in GIVEN has no others. TABLES: headings in
data/README.md whose tables tests/test_data.py and tests/test_datasets.py hold cell by cell.
"""

HELD = {
    "README.md": [
        "{hidden_units} hidden units learn {eight_tracks} tracks",
        "asks {questions} short questions",
        "short way of {short_hours} hours",
        "You need Python {python} or newer",
        "{stages} notebooks, read in order, and a zoo of {exhibits} real bugs",
        "There are {tracks} tracks to start with",
        "{sessions} sessions, how to hand out",
        "{exam} questions for an exam",
        "There are {milestones} milestones",
        "{weights} weights are yours to train by hand. You have {weights} sliders and {moves} "
        "moves, and you see",
        "gradient descent makes its {moves} moves",
        "standard deviation over {splits} splits",
        "{small_network} hidden units, and so have the first {small_networks} of ours",
        "over {averaged} wide networks",
        "(stage 10, section {future})",
        "a sample of {real_rows} of Kaggle's 600,000",
        "the average of {averaged} networks",
        "With 4,000 samples, `train` took {full_one} times as long and a `Model` of layers "
        "{full_other} times; with 32 samples, where the guards count, they took {small_one} and "
        "{small_other} times",
        "solver on 32 samples took {adam_one} of scikit-learn's time and {adam_other} of PyTorch's "
        "with Adam, and {sgd_one} and {sgd_other} with",
        "genre of {single} real tracks",
        "at the rate 0.003, which is {rates} times the rate of the plain",
        "had {mnist_fast} on MNIST, so {mnist_share} of that difference",
        "a network of {fashion} with batch normalization, whose mark is a test accuracy of {mark}",
        "at least {least_features} other features",
        "{least_tracks} tracks without gaps",
        "{networks} of them on average",
        "{left_out} of these {table_rows}",
        "{compared} splits are few",
        "in section {cluster}, and from how many samples",
        "about {held_back} of the artists",
        "draws {drawn} tracks that nobody else has",
    ],
    "data/README.md": [
        "`tracks.csv` holds {tracks} synthetic tracks, and {repeated} of them a second time",
        "Size: {rows} rows, {columns} columns, {megabytes} MB",
        "a random sample of {kaggle_rows} rows of",
        "with {components} components and full covariances. Draw {drawn} rows",
        "shares: {real_dates}. Of the real full dates {real_first} are 1 January",
        "The other {no_date} rows have no date",
        "{dirty} of the {rows} rows are dirty",
        "Without the dirt {whole} tracks are left; {clean} if a missing",
        "deviation over {fidelity_splits} splits by track",
        "trained on {trained_on} rows, real or synthetic, and tested on {tested_on}",
        "| LinearRegression | {LinearRegression} |",
        "early stopping | {MLPRegressor} |",
        "| HistGradientBoostingRegressor | {HistGradientBoostingRegressor} |",
        "Mean popularity is {both_mean}, with {both_zeros}",
        "Year and popularity correlate with {shipped_year_popularity}; in the real sample with "
        "{real_year_popularity}",
        "correlates with the year by {shipped_explicit_year} (real: {real_explicit_year}) and with "
        "popularity by {shipped_explicit_popularity} (real: {real_explicit_popularity})",
        "in the 1920s is {shipped_old} (real: {real_old}), in the 2020s {shipped_new} (real: "
        "{real_new})",
        "means over the {fidelity_splits} splits above",
        "has {early} tracks up to {last_year} to learn from, and asks about the {late} later ones",
        "| the year alone | {year_alone} |",
        "| all fourteen | {year_all} |",
        "| all but the year | {year_rest} |",
        "Real tracks of {genres_there} genres",
        "`genres.csv` holds {all_genre_rows} rows of real Spotify tracks",
        "metal and rock, {of_each} of each",
        "Size: {all_genre_rows} rows, {genre_columns} columns, {genre_megabytes} MB",
        "{pairs}. Such a track",
        "leave out their {shared_rows} rows, and the {same_rows} repeated ones. {single} tracks "
        "are left: {each}. {other_popularity} of the {shared} have another popularity",
        "stands there {most_often} times",
        "the {single} tracks name {artists} artists, {first_artists} of them first",
        "listeners. {of_each} of each is not",
        "{zero} rows have 0, {zero_country} of them country. Of the {alike} with another's audio "
        "features {alike_zero} have 0, of the rest {other_zero}",
    ],
    "benchmarks/README.md": [
        "network of {bench_sizes} units",
        "A turn is {few_steps} steps with 130,000 samples and {many_steps} with 20,000",
        "with 130,000 samples takes {of_products} times as long as the matrix products alone",
        "{product_share} of the time are matrix products",
        "section {limit}, draws it",
    ],
    "CONTRIBUTING.md": ["a page of {rules} rules"],
    "CHANGELOG.md": [
        "## {version}",
        "{hidden_units} hidden units that learn {eight_tracks} tracks",
        "a file of {tracks} synthetic tracks",
        "{all_genre_rows} real tracks of {genres_there} genres",
        "{exhibits} bugs to recognise",
    ],
    "docs/STYLE.md": ["{rules} rules for the words"],
    "docs/EXAM.md": ["# {exam} questions for an exam"],
    "docs/TEACHING.md": [
        "## {sessions} sessions",
        "[{exam} questions](EXAM.md), {exam_minutes} minutes in all, from {exam_least} for the "
        "slope of ReLU to {exam_most} for",
        "Look at [{exam} questions for an exam]",
        "read {words} words or {lines} lines of code a minute",
        "Sessions {long_sessions} have two long notebooks each",
        "leads to a network that learns in {short_hours} hours",
    ],
    "site/index.md": [
        "{hidden_units} hidden units learn {eight_tracks} tracks",
        "asks {questions} short questions",
        "real tracks, in {splits} splits",
        "## Only {short_hours} hours?",
    ],
    "site/pages/compose_a_track.md": [
        "{sliders} sliders make a track",
        "which of {genres} genres",
        "one track in {outside} on either side",
        "off by {play_mae} points on average, and the mean of all tracks by {mean_mae}. Its R² is "
        "{play_r2}: the other {unexplained} of",
        "{genres} genres, and no others",
        "learnt from {genre_rows} real tracks",
        "it tells {genre_right} right",
        "moves no prediction by more than {moved}",
    ],
    "site/pages/draw_a_digit.md": [
        "a layer of {digit_layers}, each",
        "its {digit_train} training pictures",
        "scikit-learn's {digit_all} pictures",
        "Of {digit_test} pictures that it had never seen it reads {digit_right} right",
    ],
    "site/pages/playground.md": [
        "learns {play_points} points",
        "{weights} weights of a curve",
        "You have {moves} moves",
        "its {moves} moves from the same start",
        "Exhibits {shown_exhibits} can be shown",
    ],
}
DEFINED = "true by definition"
NAMED = "what others call it, or what they say of it"
RECORD = "a record of what was once done"
BESIDE = "told, one by one, in the same sentence or beside it"
GIVEN = {
    "README.md": {
        DEFINED: [
            "that of x² is 2x",
            "R² is 1 for a perfect prediction and 0 for the mean",
            "often predict 0 for every track",
            "(0 to 100)",
            "of the size of 1.",
            "at four points that no line can tell apart",
            "the same four points",
        ],
        NAMED: ["perceptron of 1958", "Kaggle's 600,000 tracks", "Kaggle's 160,000 tracks"],
        BESIDE: ["The models in the upper half"],
    },
    "data/README.md": {
        DEFINED: [
            "the features scaled to 0 to 1",
            "(features scaled to 0 to 1)",
            "and 0 for the split by time",
            "popularity is above 50",
            "as 0 or 1",
            "half its rows are wrong",
            "keeps a fifth of the tracks for the test",
        ],
        NAMED: [
            'the Kaggle "600k tracks" file',
            "scikit-learn 1.7 and newer",
            "0.3.0 by Chester Ismay",
            "Copyright (c) 2026",
        ],
        RECORD: [
            "all 10,000 rows",
            "the 9,828 of 10,000 rows that have new ids",
            "made with seed 42, Python 3.11, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1 and "
            "pandas 3.1.1",
        ],
        BESIDE: [
            "in five steps",
            "Take 16 columns: the 15 numeric ones",
            "six of each. Some of them start with four digits",
            "(seeds 42, 0, 1, 2, 3)",
            "the ten continuous audio columns",
            "MLPRegressor (64, 32, 16)",
            "About a tenth of what",
            "Half of what",
            "changes four things",
            "settle three questions",
            "settle the three questions",
        ],
    },
    "benchmarks/README.md": {
        DEFINED: ["stay above 0"],
        BESIDE: [
            "the losses of three steps agree",
            "for 20,000 and for 130,000 samples",
            "trains on ten million samples",
            "a memory-mapped file of 600 MB",
            "looks at its memory a hundred times a second",
            "From 100,000 samples on the time for a sample is the same",
            "three passes over all activations, to make the mask, to cut $Z$, and to cut $dA$",
        ],
    },
    "site/index.md": {
        DEFINED: ["that of x² is 2x", "R² is 1 for a perfect prediction and 0 for the mean"],
    },
    "site/pages/compose_a_track.md": {DEFINED: ["that is always 4.", "rounded to 16 bits"]},
    "site/pages/draw_a_digit.md": {
        NAMED: [
            "full height of 32 points. In blocks of 4 by 4 points the ink is counted, which gives "
            "8 × 8 numbers from 0 to 16",
            "came from 13 people, who wrote in boxes on a form before 1998",
            "by the same 13 people",
        ],
        DEFINED: [
            "gives ten numbers",
            "gives its ten probabilities all the same, and they add up to 1.",
            "a 6 on its head is a 9",
            "Their 1 has a flag, and their 7 often",
            "for a 1 less well, and a 6 with",
            "A probability of 99 %",
        ],
    },
    "site/pages/playground.md": {
        DEFINED: [
            "blue is 0, orange is 1",
            "With batches of 20 that is ten steps",
            "unit 2 of layer 1 from input 1",
            "with η = 1,",
        ],
    },
}
TABLES = {
    "data/README.md": [
        *("Columns", "Dates", "The dirt"),
        *("Columns of the genres", "What stands there twice"),
    ]
}
