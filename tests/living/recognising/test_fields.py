"""Condition, product and design: one case for each convention."""

import pytest

from reprieve.living.recognising import recognise
from reprieve.living.recognising.conditions import condition
from reprieve.living.recognising.designs import design, phase
from reprieve.living.record import ArmGroup, Intervention, Record


def registration(title="", conditions=(), **more):
    return Record(
        "clinicaltrials.gov",
        "NCT1",
        "registration",
        title=title,
        conditions=tuple(conditions),
        **more,
    )


@pytest.mark.parametrize(
    ("title", "conditions", "code"),
    [
        ("", ["Osteoarthritis, Knee"], "knee_osteoarthritis"),
        ("", ["Osteo Arthritis Knee"], "knee_osteoarthritis"),
        ("Therapy of Gonarthrosis", [], "knee_osteoarthritis"),
        ("Cells in Coxarthrosis", ["Osteoarthritis"], "hip_osteoarthritis"),
        ("", ["Osteoarthritis, Knee", "Osteoarthritis, Hip"], "other_osteoarthritis"),
        ("", ["Shoulder Arthritis"], "other_osteoarthritis"),
        ("Osteoarteritis of the Ankle Joint", ["Osteoarthritis"], "other_osteoarthritis"),
        ("", ["Tibia or Femur Pseudo-arthrosis"], None),
        ("", ["Full Thickness Rotator Cuff Tear"], "rotator_cuff_tear"),
        ("", ["Rotator Cuff Tendinitis", "Shoulder Impingement Syndrome"], "tendinopathy"),
        ("", ["Tennis Elbow"], "tendinopathy"),
        ("Chronic Low Back Pain and Discs", ["Degenerative Disc Disease"], "disc_degeneration"),
        ("Acupuncture for Chronic Back Pain", [], "low_back_pain"),
        ("", ["Inflammatory Back Pain", "Ankylosing Spondylitis"], None),
        ("", ["Facet-Mediated Low Back Pain"], "facet_or_sacroiliac_pain"),
        ("", ["Sciatica", "Low Back Pain"], "radiculopathy"),
        ("", ["Diabetic Peripheral Neuropathy"], "diabetic_neuropathy"),
        ("A Diet for Chronic Diabetic Neuropathy Pain", [], "diabetic_neuropathy"),
        ("", ["Diabetic Neuropathic Ulcer"], None),
        ("", ["Spinal Cord Injuries"], None),
        ("", ["Spinal Cord Injuries", "Neuropathic Pain"], "spinal_cord_injury_pain"),
        ("Shoulder Pain in Spinal Cord Injury", ["Tendinopathy"], "tendinopathy"),
        ("", ["Brachial Plexus Injury"], "peripheral_nerve_injury"),
        ("Brachial Plexus Block for Surgery of the Hand", ["Anesthesia"], None),
        ("", ["Optic Nerve Injuries"], None),
        ("", ["Trigeminal Neuralgia"], "trigeminal_neuralgia"),
        ("", ["Postherpetic Neuralgia"], "other_neuropathic_pain"),
        ("", ["Peripheral Nervous System Diseases"], None),
        ("", ["Interstitial Cystitis"], "other_chronic_pain"),
        ("", ["Shoulder Pain"], "other_chronic_pain"),
        ("", ["Meniscus Tear", "Knee Pain"], None),
        ("", ["Rheumatoid Arthritis"], None),
        ("", ["Osteonecrosis"], None),
        ("", ["Cartilage Defect"], None),
        ("", ["Pain, Postoperative"], None),
        ("", ["Atopic Dermatitis"], None),
        ("Cells for Rheumatoid Arthritis of the Knee", [], None),
        ("", ["Charcot Foot", "Neuropathic Osteoarthropathy"], None),
        ("Erectile Dysfunction After Cavernous Nerve Injury", [], None),
        ("", ["Recurrent Laryngeal Nerve Injury"], "peripheral_nerve_injury"),
        ("", ["Facial Injuries"], None),
        ("", ["Frozen Shoulder"], "other_chronic_pain"),
        ("", ["Cancer Pain"], "other_chronic_pain"),
        ("Surgery for Painful Chronic Pancreatitis", [], "other_chronic_pain"),
        ("", ["Postmastectomy Pain Syndrome"], "other_chronic_pain"),
        ("", ["Endometriosis-related Pain"], "other_chronic_pain"),
        ("Vertebrogenic Pain and Modic Changes", [], "low_back_pain"),
        ("", ["Trochanteric Bursitis"], "tendinopathy"),
        ("Duloxetine for CIPN", [], "other_neuropathic_pain"),
        ("", ["HIV Sensory Neuropathy"], "other_neuropathic_pain"),
        ("", ["TMJ Disorder"], "other_chronic_pain"),
    ],
)
def test_condition(title, conditions, code):
    assert condition(registration(title, conditions)).code == code


def test_joint_is_read_from_further_on():
    record = registration("Cells", ["Osteoarthritis"], summary="Injected into the knee.")
    found = condition(record)
    assert (found.code, found.kind) == ("knee_osteoarthritis", "joint from the text")


def test_condition_of_a_paper_from_its_abstract():
    paper = Record("file", "1", "paper", title="A new gel", summary="In tennis elbow, a gel …")
    assert condition(paper).code == "tendinopathy"


def paper(title, summary=""):
    return Record("file", "1", "paper", title=title, summary=summary)


@pytest.mark.parametrize(
    ("title", "abstract", "code"),
    [
        ("Knee pain treated with gold", "In knee osteoarthritis …", "knee_osteoarthritis"),
        ("Knee pain treated with gold", "Forty people.", "other_chronic_pain"),
        ("A scaffold for cartilage defects", "Defects lead to early osteoarthritis.", None),
        ("A scaffold for cartilage", "Knee Injury and Osteoarthritis Outcome Score rose.", None),
        ("Exercise", "Adults with hip or knee osteoarthritis", "other_osteoarthritis"),
        ("Exercise", "Osteoarthritis of knees, hips, and shoulders", "other_osteoarthritis"),
        ("A scaffold for defects", "They predispose to early onset osteoarthritis.", None),
        ("Fat for heel pain", "Plantar fasciitis was excluded.", "other_chronic_pain"),
        ("Meniscus transplantation", "Chondromalacia was seen in ten knees.", None),
        ("Stem cells in neuropathic rats", "", "other_neuropathic_pain"),
        ("Metabolism and its many facets", "", None),
    ],
)
def test_condition_from_title_and_abstract(title, abstract, code):
    assert condition(paper(title, abstract)).code == code


def test_the_joint_that_is_treated_goes_before_a_tendon_named_beside_it():
    record = registration(
        conditions=["Rotator Cuff Tear", "Osteoarthritis, Knee"],
        interventions=(Intervention("Arthroscopy of the knee"),),
    )
    assert condition(record).code == "knee_osteoarthritis"


@pytest.mark.parametrize(
    ("title", "abstract", "source", "donor"),
    [
        ("Autologous chondrocyte implantation in the knee", "", "cartilage", "autologous"),
        ("Allogeneic haematopoietic stem cell transplantation", "", None, "allogeneic"),
        ("Islet autotransplantation after pancreatectomy", "", "other", "autologous"),
        ("Transplantation of deceased donor islets", "", "other", "allogeneic"),
        ("Peripheral blood stem cells for cartilage lesions", "", "other", None),
        ("Cell therapy of the knee", "BMAC was injected.", "bone_marrow", "autologous"),
        ("Umbilical cord stem cells in a rat model of arthritis", "", "umbilical_cord", None),
        ("Amniotic suspension allograft for knee osteoarthritis", "", "placenta", "allogeneic"),
        ("ReNu for hip osteoarthritis", "", "placenta", "allogeneic"),
        ("Viable disc allograft (VIA Disc NP) for back pain", "", "disc", "allogeneic"),
        ("Bone marrow versus adipose mesenchymal stem cells", "", None, None),
        ("Placental exosomes and umbilical cord stem cells", "", "umbilical_cord", "allogeneic"),
        ("Limbus stem cells and bone marrow stem cells of donors", "", None, None),
        ("Spinal cord-derived neural stem cell transplantation", "", "other", None),
        (
            "Umbilical cord stem cells",
            "Autologous plasma cells are …",
            "umbilical_cord",
            "allogeneic",
        ),
        ("Stem cell therapy of discs", "Whether autogenic or allogenic …", None, None),
        ("Autologous stem cells for defects", "After marrow stimulation …", None, "autologous"),
        ("Chondroprogenitor cells for defects in horses", "", "cartilage", None),
    ],
)
def test_product_of_a_paper(title, abstract, source, donor):
    found = recognise(paper(title, abstract))
    assert found.is_cell_therapy
    assert (found.cell_source, found.donor) == (source, donor)


def product(*interventions, title="Stem cell therapy", arms=(), **more):
    return recognise(
        registration(
            title,
            study_type="interventional",
            interventions=tuple(Intervention(*given) for given in interventions),
            arms=arms,
            **more,
        )
    )


BMAC = ("Bone marrow aspirate concentrate", "", "injected into the knee joint")


@pytest.mark.parametrize(
    ("given", "source", "donor", "processing"),
    [
        (BMAC, "bone_marrow", "autologous", "concentrate"),
        (("Lipogems",), "adipose", "autologous", "microfragmented"),
        (
            ("Adipose stromal vascular fraction",),
            "adipose",
            "autologous",
            "stromal_vascular_fraction",
        ),
        (("UC-MSC",), "umbilical_cord", "allogeneic", "culture_expanded"),
        (("Wharton's jelly mesenchymal stem cells",), "umbilical_cord", "allogeneic", None),
        (("Placenta-derived mesenchymal stem cells",), "placenta", "allogeneic", None),
        (("Dental pulp mesenchymal stem cells",), "other", None, None),
        (("Mesenchymal stem cells",), None, None, "culture_expanded"),
        (("Prochymal",), "bone_marrow", "allogeneic", "culture_expanded"),
        (("Autologous adipose-derived stem cells, cultured",), "adipose", "autologous", None),
    ],
)
def test_product(given, source, donor, processing):
    found = product(given)
    assert (found.cell_source, found.donor) == (source, donor)
    assert processing in {None, found.processing}


def test_two_tissues_leave_the_source_empty():
    found = product(
        ("Autologous bone marrow stem cells",), ("Autologous adipose-derived stem cells",)
    )
    assert (found.cell_source, found.donor) == (None, "autologous")


def test_two_donors_leave_the_donor_empty():
    found = product(("Autologous mesenchymal stem cells",), ("Allogeneic mesenchymal stem cells",))
    assert found.donor is None


def test_cartilage_cells_beside_stem_cells_do_not_count():
    found = product(("Allogeneic adipose stem cells",), ("Autologous chondrocytes",))
    assert found.cell_source == "adipose"


def test_own_harvest_makes_the_donor():
    found = product(
        ("Mesenchymal stem cells",),
        description="Subjects will undergo bone marrow aspiration, and cells are grown.",
    )
    assert (found.cell_source, found.donor) == ("bone_marrow", "autologous")


def test_a_transplant_that_people_had_is_not_where_the_cells_come_from():
    found = product(
        ("Mesenchymal stem cells",),
        summary="Cells are safe after bone marrow transplantation, as was shown before.",
    )
    assert found.cell_source is None


def test_matrix_of_a_donor_says_nothing_of_the_cells():
    given = "Allogeneic or xenogeneic partly demineralized matrix with autologous stem cells"
    assert product((given,)).donor == "autologous"


def test_bone_of_a_donor_says_nothing_of_the_cells():
    found = product(("Autologous mesenchymal stem cells in allogeneic bone graft",))
    assert found.donor == "autologous"


@pytest.mark.parametrize(
    ("description", "route"),
    [
        ("Intra-articular injection", "intra_articular"),
        ("injected into the degenerated disc", "intradiscal"),
        ("given through lumbar puncture", "intrathecal"),
        ("intravenous infusion", "intravenous"),
        ("intra-tendon injection", "intratendinous"),
        ("intracoronary infusion", "other"),
        ("for osteoarthritis grade III and IV", None),
    ],
)
def test_route(description, route):
    assert product(("Stem cells", "", description)).route == route


def test_injection_without_a_place_goes_where_the_trouble_is():
    found = product(("Stem cells", "", "one injection"), conditions=("Osteoarthritis, Knee",))
    assert found.route == "intra_articular"
    assert found.confidences["route"] < 0.9


@pytest.mark.parametrize(
    ("name", "description", "processing"),
    [
        ("Mesenchymal stem cells", "", "culture_expanded"),
        ("Mesenchymal stem cells", "taken and given back in the same session", None),
        ("Bone marrow mononuclear cells", "they hold mesenchymal stem cells", "concentrate"),
        ("Cord blood mononuclear cells", "they hold mesenchymal stem cells", None),
        ("Nonexpanded stem cells", "", None),
        ("Stem cells", "not non-cultured, but cultured", "culture_expanded"),
    ],
)
def test_processing(name, description, processing):
    assert product((name, "", description)).processing == processing


def test_what_is_implanted_in_a_joint_is_surgical():
    found = product(
        ("Umbilical cord stem cells", "", "implanted in the knee joint with an osteotomy"),
        conditions=("Osteoarthritis, Knee",),
    )
    assert found.route == "surgical"


@pytest.mark.parametrize(
    ("label", "kind", "comparator"),
    [
        ("Normal saline", "placebo comparator", "placebo"),
        ("Sham procedure", "sham comparator", "sham"),
        ("Hyaluronic acid", "active comparator", "injection"),
        ("Microfracture", "active comparator", "surgery"),
        ("Physiotherapy", "active comparator", "physical_therapy"),
        ("Conventional treatment", "active comparator", "usual_care"),
        ("Group B", "no intervention", "no_treatment"),
        ("Stem cells, low dose", "active comparator", None),
        ("Group B", "active comparator", None),
    ],
)
def test_comparator(label, kind, comparator):
    arms = (ArmGroup("Stem cells", "experimental"), ArmGroup(label, kind))
    assert product(("Stem cells",), arms=arms).comparator == comparator


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"allocation": "randomized", "intervention_model": "parallel"}, "parallel"),
        ({"allocation": "randomized", "intervention_model": "crossover"}, "crossover"),
        ({"allocation": "non-randomized", "intervention_model": "parallel"}, "nonrandomised"),
        ({"intervention_model": "single group"}, "single_arm"),
        ({"study_type": "observational"}, "observational"),
        ({"study_type": "expanded access"}, "expanded_access"),
        ({"allocation": "randomized", "title": "A Cluster-randomized Trial"}, "cluster"),
        ({}, None),
    ],
)
def test_design_of_a_registration(fields, expected):
    assert design(registration(**fields)).value == expected


def test_flat_record_that_is_cut_off_is_told_by_its_observational_model():
    assert design(registration(raw={"DesignObservationalModel": ["Cohort"]})).value == (
        "observational"
    )


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Cells for knees: a systematic review and meta-analysis", "review"),
        ("Cells in a rabbit model of osteoarthritis", "animal"),
        ("Cells for knees: study protocol of a randomized trial", "protocol"),
        ("Cells for knees: a randomised controlled trial", "parallel"),
        ("Cells for knees: a case report", "case_report"),
        ("Cells for knees: an open-label pilot study", "single_arm"),
        ("Cells for knees", None),
    ],
)
def test_design_of_a_paper(title, expected):
    assert design(Record("file", "1", "paper", title=title)).value == expected


def test_publication_type_goes_first():
    paper = Record("pubmed", "1", "paper", title="Rats", publication_types=("Meta-Analysis",))
    assert design(paper).value == "review"


def test_phases_are_joined():
    assert phase(registration(phases=("phase2", "phase3"))) == "phase2;phase3"
    assert phase(registration()) is None
