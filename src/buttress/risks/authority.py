"""Whether a person may bear what they are asked to: their authority covers the ceiling, and the ceiling the residual."""

from buttress.orgs.errors import ForbiddenError, InvalidError
from buttress.risks.decisions import Shown
from buttress.risks.records.appetite import AppetiteFact, AuthorityRecord
from buttress.risks.records.risk import AcceptanceFact
from buttress.risks.records.scales import ScaleFact


def refuse_beyond(
    what: str, fact: AcceptanceFact, shown: Shown, scale: ScaleFact | None, appetite: AppetiteFact | None
) -> None:
    """Raises `ForbiddenError` where ceiling or residual pass the authority that the appetite in force gives to the role,
    where it gives it none, or to others by name; `InvalidError` where the residual passes the ceiling, or is not known where
    one is stated.

    Where the ceiling leaves rating or loss open, the residual itself must lie within the authority.
    """
    authority = authority_of(fact, appetite)
    if authority is None:
        raise ForbiddenError(
            f"The appetite in force gives {fact.authority!r} no authority to accept; add the role under appetite,"
            " authorities, or ask for the acceptance with another"
        )
    if authority.held_by and fact.accepted_by not in authority.held_by:
        raise ForbiddenError(
            f"The authority of {authority.role} is held by {', '.join(authority.held_by)}, not by {fact.accepted_by}; ask"
            " one of them to bear it, or name the holder under appetite, authorities, held_by"
        )
    if scale is None:
        raise InvalidError(f"No scale is in force, so nothing can be said of {what}; set a scale first")
    _ceiling_within_authority(what, fact, authority, scale)
    _residual_within_ceiling(what, fact, shown, scale)
    _residual_within_authority(what, shown, authority, scale)


def authority_of(fact: AcceptanceFact, appetite: AppetiteFact | None) -> AuthorityRecord | None:
    """What the appetite gives to the role with which the risk is to be borne, None where it gives it nothing."""
    authorities = appetite.authorities if appetite else ()
    return next((each for each in authorities if each.role == fact.authority), None)


def is_claimed(fact: AcceptanceFact, appetite: AppetiteFact | None) -> bool:
    """Whether nobody is named to hold the authority: then who decides claims it, and their role as member is all that was
    asked."""
    authority = authority_of(fact, appetite)
    return authority is None or not authority.held_by


def _ceiling_within_authority(what: str, fact: AcceptanceFact, authority: AuthorityRecord, scale: ScaleFact) -> None:
    ceiling = fact.ceiling
    if ceiling.rating is not None and _rank(scale, ceiling.rating) > _rank(scale, authority.highest_rating):
        raise ForbiddenError(
            f"The authority of {authority.role} reaches to {authority.highest_rating}; the ceiling of {what} is"
            f" {ceiling.rating}. Ask somebody with higher authority"
        )
    if ceiling.annual_loss is not None and ceiling.annual_loss > authority.annual_loss:
        raise ForbiddenError(
            f"The authority of {authority.role} reaches to {authority.annual_loss:,f} a year; the ceiling of {what} is"
            f" {ceiling.annual_loss:,f}. Ask somebody with higher authority"
        )


def _residual_within_ceiling(what: str, fact: AcceptanceFact, shown: Shown, scale: ScaleFact) -> None:
    ceiling = fact.ceiling
    advice = "reduce the risk, or ask for an acceptance with a ceiling that holds it"
    if ceiling.rating is not None:
        if shown.rating is None:
            raise InvalidError(
                f"The ceiling of {what} is {ceiling.rating}, and the residual has no rating; assess first"
            )
        if _rank(scale, shown.rating) > _rank(scale, ceiling.rating):
            raise InvalidError(
                f"The residual is {shown.rating}, above the ceiling {ceiling.rating} of {what}; {advice}"
            )
    if ceiling.annual_loss is not None:
        if shown.annual_loss is None:
            raise InvalidError(
                f"The ceiling of {what} is {ceiling.annual_loss:,f} a year, and the residual loss is not known;"
                " assess first, or ask for a ceiling of rating"
            )
        if shown.annual_loss > float(ceiling.annual_loss):
            raise InvalidError(
                f"The residual annual loss is {shown.annual_loss:,.0f}, above the ceiling"
                f" {ceiling.annual_loss:,f} of {what}; {advice}"
            )


def _residual_within_authority(what: str, shown: Shown, authority: AuthorityRecord, scale: ScaleFact) -> None:
    is_above = shown.rating is not None and _rank(scale, shown.rating) > _rank(scale, authority.highest_rating)
    if is_above or (shown.annual_loss is not None and shown.annual_loss > float(authority.annual_loss)):
        loss = "unknown" if shown.annual_loss is None else f"{shown.annual_loss:,.0f} a year"
        raise ForbiddenError(
            f"The authority of {authority.role} reaches to {authority.highest_rating} and"
            f" {authority.annual_loss:,f} a year; the residual of {what} is {shown.rating or 'not rated'} and {loss}."
            " Ask somebody with higher authority"
        )


def _rank(scale: ScaleFact, rating: str) -> int:
    if rating not in scale.ratings:
        raise InvalidError(
            f"Scale {scale.version} has no rating {rating!r}; expected one of {', '.join(scale.ratings)}: ask anew in it"
        )
    return scale.ratings.index(rating)
